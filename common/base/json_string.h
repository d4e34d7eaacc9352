/* The strings of JSON, for those who read and write it: json.c and buf.c. */
#ifndef WEIR_BASE_JSON_STRING_H
#define WEIR_BASE_JSON_STRING_H

#include "common/base/json.h"

/* `p` is behind the opening quote. Fills r->text and r->escaped and returns what follows the
 * closing quote, or fills r->at and r->error and returns NULL. Never reads at or beyond r->end. */
const char *json_scan_string(struct json_reader *r, const char *p);

/* How many bytes at the start of `text` stand for themselves in a string: up to the first control
 * character, quote or backslash. */
size_t json_plain_length(struct span text);

#endif
