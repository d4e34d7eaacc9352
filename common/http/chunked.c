/* The chunked transfer coding (RFC 9112 section 7.1) as a byte-wise state machine. */
#include "common/http/chars.h"
#include "common/http/parse.h"

/* size *( BWS ";" BWS name [ BWS "=" BWS value ] ) CRLF data CRLF ... "0" CRLF trailers CRLF */
enum state {
    SIZE_FIRST,
    SIZE,
    BEFORE_SEMICOLON, /* white space behind the size, a name or a value */
    BEFORE_NAME,
    NAME,
    AFTER_NAME,
    BEFORE_VALUE,
    VALUE,
    QUOTED,
    QUOTED_PAIR,
    AFTER_QUOTED,
    SIZE_LF,
    DATA,
    DATA_CR,
    DATA_LF,
    TRAILER_FIRST,
    TRAILER_NAME,
    TRAILER_VALUE,
    TRAILER_LF,
    END_LF,
    DONE,
};

enum {
    LINE_MAX = 256,       /* a size with its extensions */
    OVERHEAD_MAX = 16384, /* trailers and extensions of a whole message */
    BROKEN = -1,
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static int on_size(struct http_chunked *c, char b)
{
    if (http_char_is(b, CHAR_HEX)) {
        if (c->left > UINT64_MAX >> 4)
            return BROKEN;
        c->left = c->left << 4 | http_hex_value(b);
        return SIZE;
    }
    if (c->state == SIZE_FIRST)
        return BROKEN;
    if (b == '\r')
        return SIZE_LF;
    return b == ';' ? BEFORE_NAME : is_blank(b) ? BEFORE_SEMICOLON : BROKEN;
}

static int on_quoted(int state, char b)
{
    if (!http_chars_value(span_of(&b, 1)))
        return BROKEN;
    if (state == QUOTED_PAIR)
        return QUOTED;
    return b == '"' ? AFTER_QUOTED : b == '\\' ? QUOTED_PAIR : QUOTED;
}

/* What may follow a complete size, name or value. */
static int on_separator(char b)
{
    return b == '\r' ? SIZE_LF : b == ';' ? BEFORE_NAME : is_blank(b) ? BEFORE_SEMICOLON : BROKEN;
}

static int on_extension(int state, char b)
{
    bool token = http_char_is(b, CHAR_TOKEN);
    switch (state) {
    case BEFORE_SEMICOLON:
        return b == ';' || is_blank(b) ? on_separator(b) : BROKEN;
    case BEFORE_NAME:
        return token ? NAME : is_blank(b) ? BEFORE_NAME : BROKEN;
    case NAME:
        return token ? NAME : b == '=' ? BEFORE_VALUE : is_blank(b) ? AFTER_NAME : on_separator(b);
    case AFTER_NAME:
        return b == '=' ? BEFORE_VALUE : is_blank(b) ? AFTER_NAME : b == ';' ? BEFORE_NAME : BROKEN;
    case BEFORE_VALUE:
        return token ? VALUE : b == '"' ? QUOTED : is_blank(b) ? BEFORE_VALUE : BROKEN;
    case VALUE:
        return token ? VALUE : on_separator(b);
    case AFTER_QUOTED:
        return on_separator(b);
    default:
        return on_quoted(state, b);
    }
}

static int on_trailer(int state, char b)
{
    switch (state) {
    case TRAILER_FIRST:
        return b == '\r' ? END_LF : http_char_is(b, CHAR_TOKEN) ? TRAILER_NAME : BROKEN;
    case TRAILER_NAME:
        return b == ':' ? TRAILER_VALUE : http_char_is(b, CHAR_TOKEN) ? TRAILER_NAME : BROKEN;
    case TRAILER_VALUE:
        if (b == '\r')
            return TRAILER_LF;
        return http_chars_value(span_of(&b, 1)) ? TRAILER_VALUE : BROKEN;
    case TRAILER_LF:
        return b == '\n' ? TRAILER_FIRST : BROKEN;
    default:
        return b == '\n' ? DONE : BROKEN;
    }
}

/* The state behind one byte that is not body. */
static int step(struct http_chunked *c, char b)
{
    switch (c->state) {
    case SIZE_FIRST:
    case SIZE:
        return on_size(c, b);
    case SIZE_LF:
        c->line_bytes = 0;
        return b != '\n' ? BROKEN : c->left > 0 ? DATA : TRAILER_FIRST;
    case DATA_CR:
        return b == '\r' ? DATA_LF : BROKEN;
    case DATA_LF:
        return b == '\n' ? SIZE_FIRST : BROKEN;
    default:
        return c->state < SIZE_LF ? on_extension(c->state, b) : on_trailer(c->state, b);
    }
}

/* Endless extensions and trailers are an attack: they are read and never reach a body limit. */
static int judge_overhead(struct http_chunked *c, struct http_refusal *refusal)
{
    if (c->state < SIZE_LF && ++c->line_bytes > LINE_MAX)
        return http_refuse(refusal, 400, "chunk size line too long");
    if ((c->state > SIZE && c->state < SIZE_LF) || c->state >= TRAILER_FIRST)
        if (++c->trailer_bytes > OVERHEAD_MAX)
            return http_refuse(refusal, 431, "chunk extensions or trailers too large");
    return 0;
}

long http_chunked_next(struct http_chunked *c, const char *bytes, size_t len, struct span *data,
                       bool *done, struct http_refusal *refusal)
{
    size_t i = 0;
    *data = (struct span){0};
    *done = c->state == DONE;
    while (i < len && c->state != DATA && c->state != DONE) {
        int next = step(c, bytes[i++]);
        if (next == BROKEN)
            return http_refuse(refusal, 400, "malformed chunked body");
        c->state = (uint8_t)next;
        if (judge_overhead(c, refusal) < 0)
            return -1;
    }
    *done = c->state == DONE;
    if (c->state == DATA && i < len) {
        size_t n = len - i < c->left ? len - i : (size_t)c->left;
        *data = span_of(bytes + i, n);
        c->left -= n;
        c->state = c->left == 0 ? DATA_CR : DATA;
        i += n;
    }
    return (long)i;
}
