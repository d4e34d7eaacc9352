/* Character classes of RFC 9110 and RFC 3986 as one table. */
#ifndef WEIR_HTTP_CHARS_H
#define WEIR_HTTP_CHARS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/span.h"

enum {
    CHAR_TOKEN = 1, /* tchar: field names, methods, codings */
    CHAR_PATH = 2,  /* pchar and '/', and [ ] | ^ that browsers leave as they are */
    CHAR_QUERY = 4, /* the same and ? { } */
    CHAR_HOST = 8,  /* reg-name without percent-escapes */
    CHAR_HEX = 16,
    CHAR_DIGIT = 32,
};

extern const uint8_t http_char_classes[256];

static inline bool http_char_is(char c, unsigned classes)
{
    return (http_char_classes[(uint8_t)c] & classes) != 0;
}

/* Whether every byte is in one of the classes; true for an empty span. */
bool http_chars_all(struct span s, unsigned classes);

/* Field values: no control characters but HTAB; bytes above 0x7f are opaque (RFC 9110 5.5). */
bool http_chars_value(struct span s);

/* Value of a hexadecimal digit; the caller has checked CHAR_HEX. */
unsigned http_hex_value(char c);

/* Without the spaces and tabs at both ends. */
struct span http_trim(struct span s);

#endif
