/* What the daemons really ask of Kafka and of the store: the simulated ones do just that. */
#ifndef WEIR_TESTS_SIM_AGG_REALITY_H
#define WEIR_TESTS_SIM_AGG_REALITY_H

#include <stdbool.h>

struct reality {
    bool auto_commit; /* the library commits what it has handed out */
    bool from_latest; /* who finds no commit begins at the end of the log */
    bool journaled;   /* the store answers writes when the journal has them */
    bool safe_reads;  /* the store shows what it cannot lose any more, and nothing else */
};

/* From the clients' own configuration; aborts when it cannot be made. */
struct reality reality_read(void);

#endif
