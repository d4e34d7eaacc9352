/* Keys: a file that was accepted is written and read as the same; a key with any byte changed is
 * none; a pattern matches what a plain table of prefixes says. */
#include <stdlib.h>
#include <string.h>

#include "common/auth/key_table.h"
#include "common/base/xmalloc.h"
#include "common/model/device_pattern.h"
#include "tests/fuzz/fuzz.h"

/* --- files ------------------------------------------------------------------------------------ */

static void check_record(const struct key_record *k)
{
    fuzz_require(api_key_id_valid(span_str(k->id)), "an id: %s", k->id);
    fuzz_require(k->scopes != 0 && (k->scopes & ~(unsigned)SCOPE_ALL) == 0, "scopes %u", k->scopes);
    fuzz_require(k->devices <= KEY_PATTERNS_MAX, "%u patterns", k->devices);
    fuzz_require(!k->note || strlen(k->note) <= KEY_NOTE_MAX, "a note of too many bytes");
    for (unsigned i = 0; i < k->devices; i++)
        fuzz_require(k->device[i][0] != 0, "an empty pattern");
}

static void search(struct key_file *f, struct span text)
{
    struct key_table *table = key_table_new(f); /* takes its contents over */
    uint8_t sha256[SHA256_BYTES];
    const struct key_record *found = key_table_find(table, text);
    hash_sha256(text.p, text.len, sha256);
    fuzz_require(!found || memcmp(found->sha256, sha256, sizeof sha256) == 0,
                 "a key whose hash is another");
    key_table_unref(table);
}

static void check_file(struct span json)
{
    struct key_file f, again;
    struct err e = {0};
    struct buf first = {0}, second = {0};
    int rc = key_file_parse(&f, json, &e);
    fuzz_require((rc == 0) == (e.message[0] == 0), "%d: \"%s\"", rc, e.message);
    if (rc != 0) {
        key_file_deinit(&f);
        return;
    }
    for (size_t i = 0; i < f.keys; i++) {
        check_record(&f.key[i]);
        fuzz_require(key_file_find(&f, span_str(f.key[i].id)) == &f.key[i], "a key is not found");
    }
    key_file_write(&f, &first);
    rc = key_file_parse(&again, buf_view(&first), &e);
    fuzz_require(rc == 0, "written and refused: %s", e.message);
    key_file_write(&again, &second);
    bool same = again.keys == f.keys && span_eq(buf_view(&first), buf_view(&second));
    fuzz_require(same, "written twice:\n%s\n%s", buf_cstr(&first), buf_cstr(&second));
    key_file_deinit(&again);
    search(&f, json);
    buf_deinit(&first);
    buf_deinit(&second);
}

/* --- keys ------------------------------------------------------------------------------------- */

static void check_damage(char *key, size_t len, uint8_t choice)
{
    for (size_t i = 0; i < len; i++) {
        char right = key[i];
        key[i] = (char)(right ^ (choice | 1));
        fuzz_require(!api_key_well_formed(span_of(key, len)), "byte %zu changed: %.*s", i, (int)len,
                     key);
        key[i] = right;
    }
}

static void check_made(struct span bytes, uint8_t choice)
{
    uint8_t random[API_KEY_RANDOM_BYTES] = {0};
    char key[API_KEY_LEN + 1];
    struct span id;
    struct err e = {0};
    memcpy(random, bytes.p, bytes.len < sizeof random ? bytes.len : sizeof random);
    api_key_make(random, key, &id);
    fuzz_require(strlen(key) == API_KEY_LEN && api_key_well_formed(span_str(key)), "made: %s", key);
    fuzz_require(api_key_id_valid(id), "an id: %.*s", (int)id.len, id.p);
    fuzz_require(api_key_check_setting(key, &e) == 0, "made, and no setting: %s", e.message);
    check_damage(key, API_KEY_LEN, choice);
}

static void check_key(struct span text, uint8_t choice)
{
    struct err e = {0};
    char *setting = xcalloc(text.len + 1, 1);
    if (text.len > 0)
        memcpy(setting, text.p, text.len);
    int rc = api_key_check_setting(setting, &e);
    size_t len = strlen(setting);
    fuzz_require((rc == 0) == (e.message[0] == 0), "%d: \"%s\"", rc, e.message);
    fuzz_require(rc != 0 || (len >= API_KEY_PLAIN_MIN && len <= API_KEY_TEXT_MAX), "%zu bytes",
                 len);
    fuzz_require(rc == 0 || len < API_KEY_PLAIN_MIN || !strstr(e.message, setting),
                 "the message shows the key");
    if (api_key_well_formed(text)) {
        char *copy = fuzz_copy(text);
        fuzz_require(rc == 0, "well formed, and no setting: %s", e.message);
        check_damage(copy, text.len, choice);
        free(copy);
    }
    free(setting);
    check_made(text, choice);
}

/* --- patterns --------------------------------------------------------------------------------- */

enum { TEXT_MAX = 200 };

/* match[j] = the pattern so far matches the first j bytes. */
static bool plain_match(struct span pattern, struct span text)
{
    bool match[TEXT_MAX + 1] = {[0] = true};
    for (size_t i = 0; i < pattern.len; i++) {
        bool star = pattern.p[i] == '*', diagonal = match[0];
        match[0] = match[0] && star;
        for (size_t j = 1; j <= text.len; j++) {
            bool above = match[j];
            match[j] = star ? above || match[j - 1] : diagonal && pattern.p[i] == text.p[j - 1];
            diagonal = above;
        }
    }
    return match[text.len];
}

static void check_pattern(struct span bytes)
{
    const char *zero = bytes.len ? memchr(bytes.p, 0, bytes.len) : NULL;
    size_t n = zero ? (size_t)(zero - bytes.p) : bytes.len / 2;
    struct span pattern = span_of(bytes.p, n);
    struct span text = span_of(zero ? zero + 1 : bytes.p + n, bytes.len - n - (zero ? 1 : 0));
    if (text.len > TEXT_MAX || bytes.len == 0)
        return;
    bool ours = device_pattern_matches(pattern, text);
    fuzz_require(ours == plain_match(pattern, text), "\"%.*s\" and \"%.*s\": %d", (int)pattern.len,
                 pattern.p, (int)text.len, text.p, ours);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = fuzz_input(data, size);
    if (in.choice % 3 == 0)
        check_file(in.bytes);
    else if (in.choice % 3 == 1)
        check_key(in.bytes, in.choice);
    else
        check_pattern(in.bytes);
    return 0;
}
