/* The JSON reader: it and jansson accept and refuse the same, and see the same. */
#include <stdlib.h>

#include "tests/fuzz/fuzz.h"
#include "tests/unit/base/jansson_oracle.h"
#include "tests/unit/base/json_transcript.h"

/* A string that was read, written by buf_json_string and read again is the same. */
static void write_again(struct span text)
{
    struct buf written = {0};
    struct json_reader r;
    buf_json_string(&written, text);
    json_reader_init(&r, written.data, written.len);
    fuzz_require(json_next(&r) == JSON_TOKEN_STRING, "a written string is not read: %.*s",
                 (int)written.len, written.data);
    char *read = fuzz_copy(r.text);
    size_t len = json_unescape(r.text, read);
    fuzz_require(span_eq(span_of(read, len), text), "a written string is another one");
    fuzz_require(json_next(&r) == JSON_TOKEN_END, "a written string goes on");
    free(read);
    buf_deinit(&written);
}

static void write_strings_again(struct span json)
{
    struct json_reader r;
    enum json_token token;
    json_reader_init(&r, json.p, json.len);
    while ((token = json_next(&r)) > JSON_TOKEN_END) {
        if (token != JSON_TOKEN_KEY && token != JSON_TOKEN_STRING)
            continue;
        char *text = fuzz_copy(r.text);
        write_again(span_of(text, json_unescape(r.text, text)));
        free(text);
    }
}

/* Skipping a value is accepted where reading it is, and ends at the same place. */
static void skip(struct span json, enum transcript whole)
{
    struct json_reader r;
    json_reader_init(&r, json.p, json.len);
    enum json_token first = json_next(&r);
    bool skipped =
        first > JSON_TOKEN_END && json_skip(&r, first) && json_next(&r) == JSON_TOKEN_END;
    fuzz_require(skipped == (whole == TRANSCRIPT_WHOLE), "skipped %d, read %d", skipped,
                 (int)whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct buf ours, theirs;
    struct span json = span_of((const char *)data, size);
    const char *why;
    buf_clear(&ours);
    buf_clear(&theirs);
    enum transcript here = json_transcribe(json, &ours, &why);
    fuzz_require(here != TRANSCRIPT_BROKEN, "%s", why);
    skip(json, here);
    if (here == TRANSCRIPT_WHOLE)
        write_strings_again(json);
    if (here == TRANSCRIPT_TOO_DEEP || memchr(json.p, '\0', json.len))
        return 0; /* jansson allows more depth, and overlooks a NUL behind a number */
    enum verdict there = jansson_oracle(json, &theirs);
    if (there == VERDICT_EXCUSED)
        return 0;
    fuzz_require((here == TRANSCRIPT_WHOLE) == (there == VERDICT_ACCEPTED), "%d here, %d there: %s",
                 (int)here, (int)there, why ? why : "");
    bool same = here != TRANSCRIPT_WHOLE || span_eq(buf_view(&ours), buf_view(&theirs));
    fuzz_require(same, "read\n%s, jansson\n%s", buf_cstr(&ours), buf_cstr(&theirs));
    return 0;
}
