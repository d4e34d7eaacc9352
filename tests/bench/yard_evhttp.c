/* A yardstick: libevent's own HTTP server answering 202. Usage: yard_evhttp PORT */
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static void accept_reading(struct evhttp_request *request, void *arg)
{
    static const char body[] = "{\"accepted\":1}";
    struct evbuffer *out = evbuffer_new();
    (void)arg;
    evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Type",
                      "application/json");
    evbuffer_add_reference(out, body, sizeof body - 1, NULL, NULL);
    evhttp_send_reply(request, 202, "Accepted", out);
    evbuffer_free(out);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s PORT\n", argv[0]);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN); /* a generator goes away with requests open */
    struct event_config *config = event_config_new();
    event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
    struct event_base *base = event_base_new_with_config(config);
    struct evhttp *server = evhttp_new(base);
    evhttp_set_gencb(server, accept_reading, NULL);
    evhttp_set_allowed_methods(server, EVHTTP_REQ_GET | EVHTTP_REQ_POST);
    if (evhttp_bind_socket(server, "0.0.0.0", (uint16_t)strtol(argv[1], NULL, 10)) < 0) {
        perror("listen");
        return 1;
    }
    event_base_dispatch(base);
    evhttp_free(server);
    event_base_free(base);
    event_config_free(config);
    return 0;
}
