/* A world for the step machine that does what the test says. */
#ifndef WEIR_TESTS_UNIT_AGGREGATOR_STAGE_H
#define WEIR_TESTS_UNIT_AGGREGATOR_STAGE_H

#include "aggregator/pipeline.h"

#define EPOCH_MS INT64_C(1763719200000)

enum { STAGE_RECORDS = 16 };

/* One partition, one member, and a store that takes everything unless it is away. */
struct stage {
    int64_t now_ms;
    bool away;      /* the store takes and gives nothing */
    bool read_only; /* it takes no windows */
    bool assigned;
    bool inserting;        /* an insertion was begun; finished only after ... */
    int64_t slow_until_ms; /* ... the stage's clock has come so far */
    int64_t begun_at;      /* offset of the first of it */
    unsigned begun, abandoned;
    unsigned dead;           /* records found to be dead */
    unsigned given_back;     /* revocations that were answered */
    enum stream_event event; /* told once, before records */
    struct stream_record record[STAGE_RECORDS];
    struct stream_headers headers[STAGE_RECORDS]; /* empty unless the test says otherwise */
    char value[STAGE_RECORDS][192];
    size_t records, given;
    int64_t account;      /* next_offset of the stored ledger; 0 = there is none */
    unsigned finals;      /* windows that came to the store as final */
    uint64_t late;        /* of the window written last */
    int store;            /* which store it is; below 0 = one that is not set up yet */
    struct ledger ledger; /* the one written last ... */
    int ledger_store;     /* ... and where */
    unsigned replaced, rejoins, rewinds;
    /* raw readings that the store does not take, by offset */
    struct stage_fault {
        unsigned fails;   /* so many calls fail on this document, and say so */
        bool refused;     /* it is refused for good */
        bool whole;       /* a call that holds it is refused as a whole, and nobody says why */
        unsigned offered; /* filled: calls that held it */
        unsigned alone;   /* filled: those that held nothing else */
    } fault[STAGE_RECORDS];
    bool stored[STAGE_RECORDS];
    struct dead_letter letter[STAGE_RECORDS];
    size_t letters;
    int64_t committed;
    unsigned blocked; /* times that an effect failed and is to be repeated */
    char why[ERR_MESSAGE_MAX + 32];
    unsigned window_writes;
    int64_t write_takes_ms; /* one call that writes windows */
    int64_t read_takes_ms;  /* one record; 0 = all that wait come at once, and in no time */
    struct pipeline_ports ports;
    struct pipeline *pipeline;
};

/* A partition is assigned; the pipeline is made, with the defaults. */
void stage_open(struct stage *s);
/* The same with another configuration, ... */
void stage_open_as(struct stage *s, const struct pipeline_config *config);
/* ... or over another store. */
void stage_open_on(struct stage *s, const struct sink *sink);
void stage_close(struct stage *s);

/* A reading that came into the log at `at_ms` and speaks of that moment. */
void stage_append(struct stage *s, int64_t at_ms);

/* Steps until the stage's clock, which moves only while the pipeline waits, has come so far. */
void stage_run_until(struct stage *s, int64_t until_ms);

#endif
