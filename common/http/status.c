/* Status codes: their reason phrases and the words that name them in error bodies. */
#include "common/http/status.h"

#include <stddef.h>

enum { STATUS_MIN = 100, STATUS_END = 600 };

static const struct {
    const char *text, *code;
} statuses[STATUS_END] = {
    [100] = {"Continue", NULL},
    [200] = {"OK", NULL},
    [201] = {"Created", NULL},
    [202] = {"Accepted", NULL},
    [204] = {"No Content", NULL},
    [207] = {"Multi-Status", NULL},
    [301] = {"Moved Permanently", NULL},
    [302] = {"Found", NULL},
    [303] = {"See Other", NULL},
    [304] = {"Not Modified", NULL},
    [307] = {"Temporary Redirect", NULL},
    [308] = {"Permanent Redirect", NULL},
    [400] = {"Bad Request", "bad_request"},
    [401] = {"Unauthorized", "unauthorized"},
    [403] = {"Forbidden", "forbidden"},
    [404] = {"Not Found", "not_found"},
    [405] = {"Method Not Allowed", "method_not_allowed"},
    [406] = {"Not Acceptable", "not_acceptable"},
    [408] = {"Request Timeout", "request_timeout"},
    [409] = {"Conflict", "conflict"},
    [410] = {"Gone", "gone"},
    [411] = {"Length Required", "length_required"},
    [412] = {"Precondition Failed", "precondition_failed"},
    [413] = {"Content Too Large", "content_too_large"},
    [414] = {"URI Too Long", "uri_too_long"},
    [415] = {"Unsupported Media Type", "unsupported_media_type"},
    [416] = {"Range Not Satisfiable", "range_not_satisfiable"},
    [417] = {"Expectation Failed", "expectation_failed"},
    [422] = {"Unprocessable Content", "unprocessable_content"},
    [429] = {"Too Many Requests", "too_many_requests"},
    [431] = {"Request Header Fields Too Large", "header_fields_too_large"},
    [500] = {"Internal Server Error", "internal"},
    [501] = {"Not Implemented", "not_implemented"},
    [502] = {"Bad Gateway", "bad_gateway"},
    [503] = {"Service Unavailable", "unavailable"},
    [504] = {"Gateway Timeout", "gateway_timeout"},
    [505] = {"HTTP Version Not Supported", "http_version_not_supported"},
};

const char *http_status_text(int status)
{
    if (status < STATUS_MIN || status >= STATUS_END || !statuses[status].text)
        return "Unknown";
    return statuses[status].text;
}

const char *http_status_code_word(int status)
{
    if (status < STATUS_MIN || status >= STATUS_END)
        return NULL;
    return statuses[status].code;
}
