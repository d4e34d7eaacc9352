/* A server, one client of it, and its last answer. */
#include "tests/unit/http/visit.h"

struct stage stage;
struct client client;
struct got_answer answer;

void visit_begin_with(const struct http_server_options *options)
{
    memset(&answer, 0, sizeof answer);
    stage_init(&stage, options);
    client_init(&client, &stage);
}

void visit_begin(void)
{
    visit_begin_with(NULL);
}

void visit_end(void)
{
    client_deinit(&client);
    got_deinit(&answer);
    stage_deinit(&stage);
}

void visit_settle(void)
{
    for (int i = 0; i < 5; i++)
        stage_turn(&stage);
    client_poll(&client);
}

void visit_reply(unsigned i, const char *body)
{
    http_reply(stage.held[i], &(struct http_answer){.status = 202, .body = span_str(body)});
}
