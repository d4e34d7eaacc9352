/* What is wrong with a reading, in words for people and in codes for programs. */
#include <stdarg.h>
#include <stdio.h>

#include "common/model/reading_decoder.h"

const char *reading_problem_name(enum reading_problem_code code)
{
    static const char *const names[] = {
        [PROBLEM_NONE] = "none",
        [PROBLEM_SYNTAX] = "syntax",
        [PROBLEM_NOT_AN_OBJECT] = "not_an_object",
        [PROBLEM_DUPLICATE_FIELD] = "duplicate_field",
        [PROBLEM_MISSING] = "missing",
        [PROBLEM_TYPE] = "type",
        [PROBLEM_RANGE] = "range",
        [PROBLEM_LENGTH] = "length",
        [PROBLEM_CHARACTERS] = "characters",
        [PROBLEM_TIMESTAMP] = "timestamp",
        [PROBLEM_FUTURE] = "future",
        [PROBLEM_TOO_MANY_SENSORS] = "too_many_sensors",
    };
    return names[code];
}

/* Field names come from outside and end in logs and replies: one '?' stands for each character
 * that is not printable ASCII, and what is too long ends in dots. */
static void clean_name(struct span name, char out[READING_SENSOR_NAME_MAX + 1])
{
    size_t len = 0;
    size_t i = 0;
    for (; i < name.len && len < READING_SENSOR_NAME_MAX; i++) {
        unsigned char c = (unsigned char)name.p[i];
        bool continuation = (c & 0xc0) == 0x80;
        if (!continuation) {
            out[len++] = c >= 0x20 && c < 0x7f ? (char)c : '?';
        }
    }
    if (i < name.len) {
        memcpy(out + len - 3, "...", 3);
    }
    out[len] = '\0';
}

/* The next free entry with everything but the message, or NULL when the list is full. */
static struct reading_problem *next_problem(struct reading_decoder *d,
                                            enum reading_problem_code code)
{
    struct reading_problems *list = d->problems;
    if (code == PROBLEM_DUPLICATE_FIELD && !d->duplicate) {
        d->duplicate = true;
        list->count = 0;
    } else if (d->duplicate && code != PROBLEM_DUPLICATE_FIELD) {
        return NULL;
    }
    if (list->count == READING_PROBLEMS_MAX) {
        return NULL;
    }
    struct reading_problem *p = &list->item[list->count++];
    p->code = code;
    p->field[0] = '\0';
    p->input = span_of(NULL, 0);
    p->offset = 0;
    return p;
}

void reading_problem_member(struct reading_decoder *d, enum reading_problem_code code,
                            const char *fmt, ...)
{
    struct reading_problem *p = next_problem(d, code);
    if (!p) {
        return;
    }
    clean_name(d->member.name, p->field);
    p->input = d->member.input;
    p->offset = (size_t)(d->member.input.p - d->json.start);
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(p->message, sizeof(p->message), fmt, args);
    va_end(args);
}

void reading_problem_field(struct reading_decoder *d, enum reading_problem_code code,
                           const char *field, const char *fmt, ...)
{
    struct reading_problem *p = next_problem(d, code);
    if (!p) {
        return;
    }
    clean_name(span_str(field), p->field);
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(p->message, sizeof(p->message), fmt, args);
    va_end(args);
}

void reading_problem_syntax(struct reading_decoder *d, bool in_member)
{
    d->problems->count = 0;
    d->duplicate = false;
    struct reading_problem *p = next_problem(d, PROBLEM_SYNTAX);
    const char *why = d->json.error ? d->json.error : "empty";
    p->offset = (size_t)(d->json.at - d->json.start);
    if (in_member) {
        clean_name(d->member.name, p->field);
    }
    (void)snprintf(p->message, sizeof(p->message), "is not JSON: %s at byte %zu%s%s", why,
                   p->offset, in_member ? ", in " : "", p->field);
}
