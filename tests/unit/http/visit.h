/* What most tests of the server begin with: a server, one client of it, and its last answer. */
#ifndef WEIR_TESTS_HTTP_VISIT_H
#define WEIR_TESTS_HTTP_VISIT_H

#include "tests/unit/http/stage.h"

extern struct stage stage;
extern struct client client;
extern struct got_answer answer;

/* For fixtures; `options` as of stage_init. */
void visit_begin(void);
void visit_begin_with(const struct http_server_options *options);
void visit_end(void);

/* What the server has been sent so far has had its effect. */
void visit_settle(void);

/* Answers an exchange that /later or /slow holds, with 202. */
void visit_reply(unsigned i, const char *body);

#endif
