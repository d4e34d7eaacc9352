/* Header fields: their syntax, and the few that decide framing and the connection's fate. */
#include "common/http/chars.h"
#include "common/http/parse.h"

/* What the fields said so far. */
struct fields {
    struct http_head *h;
    unsigned hosts, lengths, codings;
    bool close, keep_alive, other_expectation;
    struct http_refusal *refusal;
};

typedef int (*field_rule)(struct fields *f, struct span value);

static int on_host(struct fields *f, struct span value)
{
    if (f->hosts++ > 0)
        return http_refuse(f->refusal, 400, "two Host fields");
    if (!http_host_valid(value))
        return http_refuse(f->refusal, 400, "bad Host");
    if (f->h->host.len == 0) /* an absolute target has said it already and wins */
        f->h->host = value;
    return 0;
}

/* 1*DIGIT and nothing else: no sign, no list, no value beyond 64 bits (RFC 9112 section 6.3). */
static int on_content_length(struct fields *f, struct span value)
{
    uint64_t n = 0;
    if (f->lengths++ > 0)
        return http_refuse(f->refusal, 400, "two Content-Length fields");
    if (value.len == 0 || !http_chars_all(value, CHAR_DIGIT))
        return http_refuse(f->refusal, 400, "malformed Content-Length");
    for (size_t i = 0; i < value.len; i++) {
        uint64_t digit = (uint64_t)(value.p[i] - '0');
        if (n > (UINT64_MAX - digit) / 10)
            return http_refuse(f->refusal, 400, "Content-Length out of range");
        n = n * 10 + digit;
    }
    f->h->content_length = n;
    return 0;
}

/* Cuts the next element off a comma-separated list; false at its end. */
static bool next_element(struct span *list, struct span *element)
{
    if (!list->p)
        return false;
    const char *comma = list->len ? memchr(list->p, ',', list->len) : NULL;
    size_t n = comma ? (size_t)(comma - list->p) : list->len;
    *element = http_trim(span_of(list->p, n));
    *list = comma ? span_of(comma + 1, list->len - n - 1) : (struct span){0};
    return true;
}

/* Only "chunked", once. Well-formed lists that name another coding before it are 501, because
 * that coding is not implemented; a list that says chunked twice or not at its end is broken. */
static int on_transfer_encoding(struct fields *f, struct span value)
{
    struct span element, list = value;
    unsigned chunked = 0, unknown = 0;
    if (f->codings++ > 0)
        return http_refuse(f->refusal, 400, "two Transfer-Encoding fields");
    while (next_element(&list, &element)) {
        if (element.len == 0 || !http_chars_all(element, CHAR_TOKEN) || chunked > 0)
            return http_refuse(f->refusal, 400, "malformed Transfer-Encoding");
        if (span_ieq(element, span_str("chunked")))
            chunked++;
        else
            unknown++;
    }
    if (unknown > 0)
        return http_refuse(f->refusal, 501, "unknown transfer coding");
    return 0;
}

static int on_connection(struct fields *f, struct span value)
{
    struct span element;
    while (next_element(&value, &element)) {
        if (!http_chars_all(element, CHAR_TOKEN))
            return http_refuse(f->refusal, 400, "malformed Connection");
        f->close |= span_ieq(element, span_str("close"));
        f->keep_alive |= span_ieq(element, span_str("keep-alive"));
    }
    return 0;
}

static int on_expect(struct fields *f, struct span value)
{
    if (span_ieq(value, span_str("100-continue")))
        f->h->expect_continue = true;
    else
        f->other_expectation = true;
    return 0;
}

/* Two of either are refused: which one counts would be a guess. */
static int on_content_type(struct fields *f, struct span value)
{
    if (f->h->content_type.p)
        return http_refuse(f->refusal, 400, "two Content-Type fields");
    f->h->content_type = value;
    return 0;
}

static int on_content_encoding(struct fields *f, struct span value)
{
    if (f->h->content_encoding.p)
        return http_refuse(f->refusal, 400, "two Content-Encoding fields");
    f->h->content_encoding = value;
    return 0;
}

static const struct {
    const char *name;
    size_t len;
    field_rule rule;
} known_fields[] = {
    {"Host", 4, on_host},
    {"Expect", 6, on_expect},
    {"Connection", 10, on_connection},
    {"Content-Type", 12, on_content_type},
    {"Content-Length", 14, on_content_length},
    {"Content-Encoding", 16, on_content_encoding},
    {"Transfer-Encoding", 17, on_transfer_encoding},
};

static int apply_rule(struct fields *f, const struct http_header *field)
{
    for (size_t i = 0; i < sizeof known_fields / sizeof known_fields[0]; i++)
        if (known_fields[i].len == field->name.len &&
            span_ieq(field->name, span_of(known_fields[i].name, known_fields[i].len)))
            return known_fields[i].rule(f, field->value);
    return 0;
}

/* name ":" OWS value OWS: no space before the colon, no folding. */
static int parse_line(struct span line, struct http_header *field, struct http_refusal *refusal)
{
    size_t n = 0;
    while (n < line.len && http_char_is(line.p[n], CHAR_TOKEN))
        n++;
    if (n == 0 && line.len > 0 && (line.p[0] == ' ' || line.p[0] == '\t'))
        return http_refuse(refusal, 400, "folded header line");
    if (n == 0 || n == line.len || line.p[n] != ':')
        return http_refuse(refusal, 400, "malformed header name");
    field->name = span_of(line.p, n);
    field->value = http_trim(span_of(line.p + n + 1, line.len - n - 1));
    if (!http_chars_value(field->value))
        return http_refuse(refusal, 400, "control character in a header value");
    return 0;
}

static int judge_framing(const struct fields *f, const struct http_limits *limits)
{
    struct http_head *h = f->h;
    if (f->lengths > 0 && f->codings > 0)
        return http_refuse(f->refusal, 400, "Content-Length with Transfer-Encoding");
    if (f->codings > 0 && h->minor == 0)
        return http_refuse(f->refusal, 400, "Transfer-Encoding in HTTP/1.0");
    if (f->codings > 0)
        h->framing = HTTP_CHUNKED;
    else if (f->lengths > 0)
        h->framing = HTTP_LENGTH;
    if (h->content_length > limits->body_bytes)
        return http_refuse(f->refusal, 413, "body larger than the limit");
    return 0;
}

static int judge(const struct fields *f, const struct http_limits *limits)
{
    struct http_head *h = f->h;
    if (h->minor > 0 && f->hosts == 0)
        return http_refuse(f->refusal, 400, "no Host field");
    h->keep_alive = !f->close && (h->minor > 0 || f->keep_alive);
    /* HTTP/1.0 does not know expectations (RFC 9110 section 10.1.1). */
    if (h->minor == 0)
        h->expect_continue = false;
    else if (f->other_expectation)
        return http_refuse(f->refusal, 417, "unknown expectation");
    return judge_framing(f, limits);
}

int http_parse_fields(struct http_head *h, struct span lines, const struct http_limits *limits,
                      struct http_refusal *refusal)
{
    struct fields f = {.h = h, .refusal = refusal};
    const char *p = lines.p, *end = lines.p + lines.len;
    h->headers = 0;
    h->framing = HTTP_NO_BODY;
    h->content_length = 0;
    h->expect_continue = false;
    h->content_type = h->content_encoding = (struct span){0};
    while (p < end) {
        const char *lf = memchr(p, '\n', (size_t)(end - p));
        if (h->headers == HTTP_HEADERS_MAX)
            return http_refuse(refusal, 431, "too many header fields");
        struct http_header *field = &h->header[h->headers++];
        if (parse_line(span_of(p, (size_t)(lf - p) - 1), field, refusal) < 0 ||
            apply_rule(&f, field) < 0)
            return -1;
        p = lf + 1;
    }
    return judge(&f, limits);
}
