/* A proxy before the real store that reads the wire protocol and spoils chosen commands. */
#include "tests/store/proxy.h"

#include <arpa/inet.h>
#include <bson/bson.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* OP_MSG: header (length, request id, response to, opcode 2013), flags, sections. Kind 0 is one
 * document, the command; kind 1 is a size, a name and documents. */
enum { OP_MSG = 2013, HEAD = 16, FLAGS = 4, LINES_MAX = 64, ITEMS_MAX = 64, MESSAGE_MAX = 1 << 20 };

struct proxy {
    int listener;
    struct sockaddr_in store;
    uint16_t port;
    pthread_t acceptor, line[LINES_MAX];
    unsigned lines;
    pthread_mutex_t lock;
    struct proxy_script script; /* under lock, as is the next */
    unsigned spoiled;
};

struct line {
    struct proxy *proxy;
    int client, store;
    uint8_t *message; /* MESSAGE_MAX */
};

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    perror(what);
    exit(1);
}

static bool read_all(int fd, uint8_t *bytes, size_t len)
{
    for (size_t at = 0; at < len;) {
        ssize_t n = read(fd, bytes + at, len - at);
        if (n <= 0)
            return false;
        at += (size_t)n;
    }
    return true;
}

static bool write_all(int fd, const uint8_t *bytes, size_t len)
{
    return send(fd, bytes, len, MSG_NOSIGNAL) == (ssize_t)len;
}

static uint32_t u32(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return BSON_UINT32_FROM_LE(v);
}

static void put_u32(uint8_t *p, uint32_t v)
{
    v = BSON_UINT32_TO_LE(v);
    memcpy(p, &v, sizeof v);
}

static bool read_message(int fd, uint8_t *message)
{
    return read_all(fd, message, 4) && u32(message) >= HEAD && u32(message) <= MESSAGE_MAX &&
           read_all(fd, message + 4, u32(message) - 4);
}

/* --- a command and its documents -------------------------------------------------------------- */

struct command {
    bson_t body;
    const uint8_t *documents; /* of the kind 1 section; NULL = none */
    size_t documents_len;
    const uint8_t *section; /* where that section begins */
};

static bool parse(const uint8_t *message, struct command *c)
{
    size_t len = u32(message), at = HEAD + FLAGS;
    memset(c, 0, sizeof *c);
    if (u32(message + 12) != OP_MSG)
        return false;
    while (at + 5 <= len) {
        size_t size = u32(message + at + 1);
        if (message[at] == 0) {
            if (!bson_init_static(&c->body, message + at + 1, size))
                return false;
        } else {
            size_t name = strlen((const char *)message + at + 5) + 1;
            c->section = message + at;
            c->documents = message + at + 5 + name;
            c->documents_len = size - 4 - name;
        }
        at += 1 + size;
    }
    return c->body.len > 0;
}

static bool is_meant(const struct proxy_script *s, const struct command *c)
{
    bson_iter_t iter;
    return s->act != PROXY_PASS && bson_iter_init(&iter, &c->body) && bson_iter_next(&iter) &&
           strcmp(bson_iter_key(&iter), s->command) == 0 && BSON_ITER_HOLDS_UTF8(&iter) &&
           strcmp(bson_iter_utf8(&iter, NULL), s->collection) == 0;
}

/* The document at `at` of the sequence; returns its length. */
static size_t document_at_offset(const struct command *c, size_t at, bson_t *doc)
{
    size_t len = u32(c->documents + at);
    must(bson_init_static(doc, c->documents + at, len), "a document of the sequence");
    return len;
}

static bool is_blamed(const struct proxy_script *s, const bson_t *doc)
{
    bson_iter_t iter, value;
    return bson_iter_init(&iter, doc) && bson_iter_find_descendant(&iter, "origin.o", &value) &&
           s->blamed >> bson_iter_as_int64(&value) & 1;
}

static bool holds_blamed(const struct proxy_script *s, const struct command *c)
{
    bool found = s->blamed == 0;
    for (size_t at = 0; at < c->documents_len && !found;) {
        bson_t doc;
        at += document_at_offset(c, at, &doc);
        found = is_blamed(s, &doc);
    }
    return found;
}

/* The message again with only those documents whose place has its bit in `keep`. */
static size_t rewrite(const uint8_t *message, const struct command *c, uint64_t keep, uint8_t *out)
{
    size_t head = (size_t)(c->documents - message), len = head, place = 0;
    memcpy(out, message, head);
    for (size_t at = 0; at < c->documents_len; place++) {
        bson_t doc;
        size_t size = document_at_offset(c, at, &doc);
        if (keep >> place & 1) {
            memcpy(out + len, c->documents + at, size);
            len += size;
        }
        at += size;
    }
    size_t section = (size_t)(c->section - message);
    put_u32(out + section + 1, (uint32_t)(len - section - 1));
    put_u32(out, (uint32_t)len);
    return len;
}

/* --- answers ---------------------------------------------------------------------------------- */

static bool answer(struct line *l, uint32_t request_id, const bson_t *doc)
{
    uint8_t head[HEAD + FLAGS + 1] = {0};
    put_u32(head, (uint32_t)sizeof head + doc->len);
    put_u32(head + 4, 1);
    put_u32(head + 8, request_id);
    put_u32(head + 12, OP_MSG);
    return write_all(l->client, head, sizeof head) &&
           write_all(l->client, bson_get_data(doc), doc->len);
}

static bool answer_error(struct line *l, uint32_t request_id, int code)
{
    bson_t doc = BSON_INITIALIZER;
    BSON_APPEND_DOUBLE(&doc, "ok", 0);
    BSON_APPEND_UTF8(&doc, "errmsg", "injected");
    BSON_APPEND_INT32(&doc, "code", code);
    bool ok = answer(l, request_id, &doc);
    bson_destroy(&doc);
    return ok;
}

static void append_write_error(bson_t *list, unsigned i, int index, int code)
{
    bson_t item;
    char key[12];
    snprintf(key, sizeof key, "%u", i);
    bson_append_document_begin(list, key, -1, &item);
    BSON_APPEND_INT32(&item, "index", index);
    BSON_APPEND_INT32(&item, "code", code);
    BSON_APPEND_UTF8(&item, "errmsg", "injected");
    bson_append_document_end(list, &item);
}

/* What the store said of the documents that reached it, at their places in the whole. */
static unsigned copy_write_errors(bson_t *list, const bson_t *reply, const int place[ITEMS_MAX])
{
    bson_iter_t iter, entry, field;
    unsigned n = 0;
    if (!bson_iter_init_find(&iter, reply, "writeErrors") || !bson_iter_recurse(&iter, &entry))
        return 0;
    while (bson_iter_next(&entry)) {
        int index = 0, code = 0;
        bson_iter_recurse(&entry, &field);
        while (bson_iter_next(&field)) {
            if (BSON_ITER_IS_KEY(&field, "index"))
                index = (int)bson_iter_as_int64(&field);
            else if (BSON_ITER_IS_KEY(&field, "code"))
                code = (int)bson_iter_as_int64(&field);
        }
        append_write_error(list, n++, place[index], code);
    }
    return n;
}

static int64_t stored_by(const bson_t *reply)
{
    bson_iter_t iter;
    return bson_iter_init_find(&iter, reply, "n") ? bson_iter_as_int64(&iter) : 0;
}

/* Sends what is given, and reads the answer into the line's message. False when the store is away.
 */
static bool ask_store(struct line *l, const uint8_t *message, size_t len, struct command *reply)
{
    return write_all(l->store, message, len) && read_message(l->store, l->message) &&
           parse(l->message, reply);
}

static bool play_item_errors(struct line *l, const struct proxy_script *s, const struct command *c)
{
    uint32_t id = u32(l->message + 4);
    int place[ITEMS_MAX], blamed[ITEMS_MAX], kept = 0, bad = 0, i = 0;
    uint64_t keep = 0;
    for (size_t at = 0; at < c->documents_len; i++) {
        bson_t doc;
        at += document_at_offset(c, at, &doc);
        if (s->blamed == 0 || is_blamed(s, &doc))
            blamed[bad++] = i;
        else
            place[kept++] = i, keep |= UINT64_C(1) << i;
    }
    uint8_t *request = malloc(MESSAGE_MAX);
    struct command reply = {0};
    bson_t doc = BSON_INITIALIZER, list;
    size_t len = rewrite(l->message, c, keep, request);
    bool ok = kept == 0 || ask_store(l, request, len, &reply);
    free(request);
    BSON_APPEND_INT32(&doc, "n", kept && ok ? (int32_t)stored_by(&reply.body) : 0);
    BSON_APPEND_ARRAY_BEGIN(&doc, "writeErrors", &list);
    unsigned n = kept && ok ? copy_write_errors(&list, &reply.body, place) : 0;
    for (int k = 0; k < bad; k++)
        append_write_error(&list, n + (unsigned)k, blamed[k], s->code);
    bson_append_array_end(&doc, &list);
    BSON_APPEND_DOUBLE(&doc, "ok", 1);
    ok = ok && answer(l, id, &doc);
    bson_destroy(&doc);
    return ok;
}

static bool play_concern_error(struct line *l, const struct proxy_script *s)
{
    uint32_t id = u32(l->message + 4);
    struct command reply;
    if (!ask_store(l, l->message, u32(l->message), &reply))
        return false;
    bson_t doc, error;
    bson_copy_to(&reply.body, &doc);
    BSON_APPEND_DOCUMENT_BEGIN(&doc, "writeConcernError", &error);
    BSON_APPEND_INT32(&error, "code", s->code);
    BSON_APPEND_UTF8(&error, "errmsg", "injected");
    bson_append_document_end(&doc, &error);
    bool ok = answer(l, id, &doc);
    bson_destroy(&doc);
    return ok;
}

static void play_halfway(struct line *l, const struct command *c)
{
    size_t items = 0;
    for (size_t at = 0; at < c->documents_len; items++) {
        bson_t doc;
        at += document_at_offset(c, at, &doc);
    }
    uint8_t *request = malloc(MESSAGE_MAX);
    struct command reply;
    if (items > 1)
        ask_store(l, request, rewrite(l->message, c, (UINT64_C(1) << items / 2) - 1, request),
                  &reply);
    free(request);
}

static bool play_bad_answer(struct line *l, enum proxy_act act)
{
    uint32_t id = u32(l->message + 4);
    struct command reply;
    if (!ask_store(l, l->message, u32(l->message), &reply) || act == PROXY_CLOSE_AFTER)
        return false;
    if (act == PROXY_ANSWER_EMPTY) {
        bson_t doc = BSON_INITIALIZER;
        BSON_APPEND_DOUBLE(&doc, "ok", 1);
        bool ok = answer(l, id, &doc);
        bson_destroy(&doc);
        return ok;
    }
    (void)write_all(l->client, l->message, u32(l->message) / 2); /* PROXY_ANSWER_CUT */
    return false;
}

/* Says nothing until the client gives up. */
static void keep_silent(const struct line *l)
{
    uint8_t byte;
    ssize_t n;
    do
        n = read(l->client, &byte, 1);
    while (n > 0);
}

/* False when the line is to be broken. */
static bool play(struct line *l, const struct proxy_script *s, const struct command *c)
{
    switch (s->act) {
    case PROXY_ITEM_ERROR:
        return play_item_errors(l, s, c);
    case PROXY_COMMAND_ERROR:
        return answer_error(l, u32(l->message + 4), s->code);
    case PROXY_CONCERN_ERROR:
        return play_concern_error(l, s);
    case PROXY_CLOSE_HALFWAY:
        play_halfway(l, c);
        return false;
    case PROXY_SILENCE:
        keep_silent(l);
        return false;
    case PROXY_CLOSE_BEFORE:
        return false;
    default:
        return play_bad_answer(l, s->act);
    }
}

/* --- lines ------------------------------------------------------------------------------------ */

static bool serve_client(struct line *l)
{
    if (!read_message(l->client, l->message))
        return false;
    struct proxy *p = l->proxy;
    struct command c;
    bool command = parse(l->message, &c);
    pthread_mutex_lock(&p->lock);
    struct proxy_script script = p->script;
    bool spoil = command && is_meant(&script, &c) && holds_blamed(&script, &c) &&
                 (script.times == 0 || p->spoiled < script.times);
    p->spoiled += spoil;
    pthread_mutex_unlock(&p->lock);
    return spoil ? play(l, &script, &c) : write_all(l->store, l->message, u32(l->message));
}

static bool serve_store(struct line *l)
{
    ssize_t n = read(l->store, l->message, MESSAGE_MAX);
    return n > 0 && write_all(l->client, l->message, (size_t)n);
}

static void *run_line(void *arg)
{
    struct line *l = arg;
    struct pollfd fd[2] = {{.fd = l->client, .events = POLLIN}, {.fd = l->store, .events = POLLIN}};
    bool open = true;
    while (open && poll(fd, 2, -1) > 0) {
        if (fd[0].revents)
            open = serve_client(l);
        else if (fd[1].revents)
            open = serve_store(l);
    }
    close(l->client);
    close(l->store);
    free(l->message);
    free(l);
    return NULL;
}

static void *accept_lines(void *arg)
{
    struct proxy *p = arg;
    int client;
    while ((client = accept(p->listener, NULL, NULL)) >= 0) {
        struct line *l = calloc(1, sizeof *l);
        must(l && p->lines < LINES_MAX, "too many connections");
        *l = (struct line){.proxy = p,
                           .client = client,
                           .store = socket(AF_INET, SOCK_STREAM, 0),
                           .message = malloc(MESSAGE_MAX)};
        must(connect(l->store, (struct sockaddr *)&p->store, sizeof p->store) == 0, "the store");
        must(pthread_create(&p->line[p->lines++], NULL, run_line, l) == 0, "pthread_create");
    }
    return NULL;
}

struct proxy *proxy_new(const char *host, uint16_t port)
{
    struct proxy *p = calloc(1, sizeof *p);
    must(p, "calloc");
    pthread_mutex_init(&p->lock, NULL);
    p->store = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port)};
    must(inet_pton(AF_INET, host, &p->store.sin_addr) == 1, "the proxy wants an IPv4 address");
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof own;
    p->listener = socket(AF_INET, SOCK_STREAM, 0);
    must(bind(p->listener, (struct sockaddr *)&own, len) == 0 && listen(p->listener, 64) == 0 &&
             getsockname(p->listener, (struct sockaddr *)&own, &len) == 0,
         "proxy");
    p->port = ntohs(own.sin_port);
    must(pthread_create(&p->acceptor, NULL, accept_lines, p) == 0, "pthread_create");
    return p;
}

void proxy_free(struct proxy *p)
{
    shutdown(p->listener, SHUT_RDWR);
    pthread_join(p->acceptor, NULL);
    for (unsigned i = 0; i < p->lines; i++)
        pthread_join(p->line[i], NULL);
    close(p->listener);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

uint16_t proxy_port(const struct proxy *p)
{
    return p->port;
}

void proxy_play(struct proxy *p, const struct proxy_script *script)
{
    pthread_mutex_lock(&p->lock);
    p->script = *script;
    p->spoiled = 0;
    pthread_mutex_unlock(&p->lock);
}

unsigned proxy_spoiled(struct proxy *p)
{
    pthread_mutex_lock(&p->lock);
    unsigned n = p->spoiled;
    pthread_mutex_unlock(&p->lock);
    return n;
}
