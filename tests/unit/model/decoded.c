/* Readings decoded from short texts, for the tests of the model. */
#include "tests/unit/model/decoded.h"

#include <check.h>
#include <string.h>

struct reading_rules test_rules(enum reading_mode mode)
{
    return (struct reading_rules){
        .mode = mode, .now_ms = TEST_NOW_MS, .max_future_skew_ms = 300000};
}

void decode_bytes(struct decoded *d, enum reading_mode mode, struct span bytes)
{
    struct reading_rules rules = test_rules(mode);
    ck_assert_uint_le(bytes.len, sizeof(d->json));
    memcpy(d->json, bytes.p, bytes.len);
    d->len = bytes.len;
    d->rc = reading_decode(&d->reading, span_of(d->json, d->len), &rules, &d->problems);
}

void decode_text(struct decoded *d, enum reading_mode mode, const char *text)
{
    char json[TEST_JSON_MAX];
    size_t len = strlen(text);
    ck_assert_uint_le(len, sizeof(json));
    for (size_t i = 0; i < len; i++) {
        json[i] = text[i] == '\'' ? '"' : text[i];
    }
    decode_bytes(d, mode, span_of(json, len));
}

bool has_problem(const struct decoded *d, enum reading_problem_code code, const char *field)
{
    for (unsigned i = 0; i < d->problems.count; i++) {
        const struct reading_problem *p = &d->problems.item[i];
        if (p->code == code && strcmp(p->field, field) == 0) {
            return true;
        }
    }
    return false;
}
