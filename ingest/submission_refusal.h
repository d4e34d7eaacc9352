/* A request that is refused as a whole: counted, timed and answered. */
#ifndef WEIR_INGEST_SUBMISSION_REFUSAL_H
#define WEIR_INGEST_SUBMISSION_REFUSAL_H

#include "ingest/submission_state.h"

/* Answers now, and nothing was published: 400 when the body is not JSON, else 422 with every
 * problem. */
void submission_refuse(struct submission *s, const struct reading_problems *problems);
/* The same for any other reason. `code` is a fixed word. */
void submission_refuse_body(struct submission *s, int status, const char *code, const char *detail);
/* Counts the request as refused, with its duration; whoever answers it otherwise does it. `reason`
 * is a fixed word. */
void submission_count_refusal(struct submission *s, const char *reason);
#endif
