/* The text of a key: wk_<id>_<secret>_<crc>. */
#include "common/auth/api_key.h"

#include <stdio.h>
#include <string.h>
#include <zlib.h>

enum { CRC_DIGITS = 8, SECRET_MIN = 32 };

static const char prefix[] = "wk_";
enum { PREFIX_LEN = sizeof prefix - 1 };

/* Five bytes are eight characters; `len` is a multiple of five. Returns the end of the text. */
static char *base32(const uint8_t *p, size_t len, char *out)
{
    static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
    for (; len >= 5; p += 5, len -= 5) {
        uint64_t bits = 0;
        for (int i = 0; i < 5; i++)
            bits = bits << 8 | p[i];
        for (int shift = 35; shift >= 0; shift -= 5)
            *out++ = digits[bits >> shift & 31];
    }
    return out;
}

static void write_crc(const char *text, size_t len, char out[CRC_DIGITS + 1])
{
    snprintf(out, CRC_DIGITS + 1, "%08lx",
             crc32(0, (const unsigned char *)text, (unsigned)len) & 0xfffffffful);
}

static size_t run_of_letters(const char *p, size_t len)
{
    size_t n = 0;
    while (n < len && ((p[n] >= 'a' && p[n] <= 'z') || (p[n] >= '0' && p[n] <= '9')))
        n++;
    return n;
}

bool api_key_id_valid(struct span id)
{
    return id.len >= API_KEY_ID_MIN && id.len <= API_KEY_ID_MAX &&
           run_of_letters(id.p, id.len) == id.len;
}

void api_key_make(const uint8_t random[API_KEY_RANDOM_BYTES], char out[API_KEY_LEN + 1],
                  struct span *id)
{
    memcpy(out, prefix, PREFIX_LEN);
    char *end = base32(random, API_KEY_ID_BYTES, out + PREFIX_LEN);
    *id = span_of(out + PREFIX_LEN, (size_t)(end - out) - PREFIX_LEN);
    *end++ = '_';
    end = base32(random + API_KEY_ID_BYTES, API_KEY_SECRET_BYTES, end);
    char crc[CRC_DIGITS + 1];
    write_crc(out, (size_t)(end - out), crc);
    *end++ = '_';
    memcpy(end, crc, sizeof crc);
}

static bool begins_as_ours(struct span text)
{
    return text.len >= PREFIX_LEN && memcmp(text.p, prefix, PREFIX_LEN) == 0;
}

bool api_key_well_formed(struct span text)
{
    if (!begins_as_ours(text) || text.len > API_KEY_TEXT_MAX)
        return false;
    const char *at = text.p + PREFIX_LEN, *end = text.p + text.len;
    size_t id = run_of_letters(at, (size_t)(end - at));
    if (!api_key_id_valid(span_of(at, id)) || at + id == end || at[id] != '_')
        return false;
    at += id + 1;
    size_t secret = run_of_letters(at, (size_t)(end - at));
    at += secret;
    if (secret < SECRET_MIN || end - at != 1 + CRC_DIGITS || *at != '_')
        return false;
    char crc[CRC_DIGITS + 1];
    write_crc(text.p, (size_t)(at - text.p), crc);
    return memcmp(at + 1, crc, CRC_DIGITS) == 0;
}

int api_key_check_setting(const char *text, struct err *e)
{
    size_t len = strnlen(text, API_KEY_TEXT_MAX + 1);
    bool printable = true;
    for (size_t i = 0; i < len; i++)
        printable = printable && text[i] > 0x20 && text[i] < 0x7f;
    if (len < API_KEY_PLAIN_MIN || len > API_KEY_TEXT_MAX || !printable)
        return err_set(e, ERR_INVALID,
                       "must have %d to %d printable ASCII characters and no spaces (a file of "
                       "several keys is for API_KEYS_FILE)",
                       API_KEY_PLAIN_MIN, API_KEY_TEXT_MAX);
    if (begins_as_ours(span_of(text, len)) && !api_key_well_formed(span_of(text, len)))
        return err_set(e, ERR_INVALID,
                       "begins like a key of weirctl, but its check digits do not fit: a part is "
                       "missing or mistyped");
    return 0;
}
