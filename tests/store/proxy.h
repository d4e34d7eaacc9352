/* A proxy before the real store that reads the wire protocol and spoils chosen commands. */
#ifndef WEIR_TESTS_STORE_PROXY_H
#define WEIR_TESTS_STORE_PROXY_H

#include <stdint.h>

enum proxy_act {
    PROXY_PASS,
    PROXY_ITEM_ERROR,    /* the blamed documents are not stored: an entry in writeErrors each */
    PROXY_COMMAND_ERROR, /* nothing is done: {ok: 0, code} */
    PROXY_CONCERN_ERROR, /* all is done: writeConcernError */
    PROXY_CLOSE_BEFORE,  /* nothing is done, the line breaks */
    PROXY_CLOSE_AFTER,   /* all is done, the line breaks before the answer */
    PROXY_CLOSE_HALFWAY, /* the first half of the documents is stored, the line breaks */
    PROXY_ANSWER_CUT,    /* all is done, the line breaks within the answer */
    PROXY_ANSWER_EMPTY,  /* all is done, and the answer is {ok: 1}: it counts nothing */
    PROXY_SILENCE,       /* nothing is done, and no answer comes */
};

struct proxy_script {
    enum proxy_act act;
    const char *command;    /* borrowed: "insert" */
    const char *collection; /* borrowed: "telemetry_raw" */
    int code;
    /* Bit o = the document with origin.o == o is to blame; a command without any of them passes.
     * 0 = every command is meant, whatever it holds. */
    uint64_t blamed;
    unsigned times; /* so many commands are spoiled; 0 = all of them */
};

struct proxy;

/* Listens on a free port of 127.0.0.1 for the store at host:port. Ends the test when it cannot. */
struct proxy *proxy_new(const char *host, uint16_t port);
void proxy_free(struct proxy *p); /* after the clients have gone */
uint16_t proxy_port(const struct proxy *p);

void proxy_play(struct proxy *p, const struct proxy_script *script);
unsigned proxy_spoiled(struct proxy *p); /* commands since the last proxy_play */

#endif
