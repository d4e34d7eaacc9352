/* The text of a key: its form, its check digits, and what API_KEY may be. */
#include <stdio.h>
#include <zlib.h>

#include "common/auth/api_key.h"
#include "tests/unit/auth/keys.h"
#include "tests/unit/unit.h"

START_TEST(a_new_key_has_the_documented_form)
{
    struct test_key k = test_key(0);
    ck_assert_uint_eq(strlen(k.text), API_KEY_LEN);
    ck_assert_str_eq(k.id, "aaaaaaaa");
    char begin[64], expected[96];
    snprintf(begin, sizeof begin, "wk_aaaaaaaa_%040d", 0);
    for (char *p = begin + 12; *p; p++)
        *p = 'a';
    snprintf(expected, sizeof expected, "%s_%08lx", begin,
             crc32(0, (const unsigned char *)begin, (unsigned)strlen(begin)));
    ck_assert_str_eq(k.text, expected);
    ck_assert(api_key_well_formed(span_str(k.text)));
}
END_TEST

START_TEST(base32_uses_every_bit)
{
    uint8_t random[API_KEY_RANDOM_BYTES];
    char first[API_KEY_LEN + 1], other[API_KEY_LEN + 1];
    struct span id;
    memset(random, 0xa5, sizeof random);
    api_key_make(random, first, &id);
    for (size_t bit = 0; bit < 8 * sizeof random; bit++) {
        random[bit / 8] ^= (uint8_t)(1u << bit % 8);
        api_key_make(random, other, &id);
        ck_assert_str_ne(first, other);
        ck_assert(strncmp(first, other, API_KEY_LEN - 9) != 0); /* not only in the crc */
        random[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}
END_TEST

START_TEST(every_single_typo_is_noticed)
{
    struct test_key k = test_key(77);
    for (size_t i = 0; i < API_KEY_LEN; i++) {
        char text[API_KEY_LEN + 1];
        memcpy(text, k.text, sizeof text);
        text[i] = text[i] == 'x' ? 'y' : 'x';
        ck_assert_msg(!api_key_well_formed(span_str(text)), "%s", text);
        ck_assert(!api_key_well_formed(span_of(k.text, i)));
    }
}
END_TEST

START_TEST(what_is_no_key)
{
    static const char *const texts[] = {"",     "wk_",      "wk__",   "wk_aaaaaaaa",
                                        "____", "wk_a_b_c", "Bearer", "wk_aaaaaaaa__00000000"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        ck_assert_msg(!api_key_well_formed(span_str(texts[i])), "%s", texts[i]);
}
END_TEST

static void must_take(const char *text)
{
    struct err e = {0};
    ck_assert_msg(api_key_check_setting(text, &e) == 0, "%s: %s", text, e.message);
}

static void must_refuse(const char *text, const char *reason)
{
    struct err e = {0};
    ck_assert_int_eq(api_key_check_setting(text, &e), ERR_INVALID);
    ck_assert_msg(strstr(e.message, reason), "%s: %s", text, e.message);
    ck_assert_msg(strlen(text) < 8 || !strstr(e.message, text), "it shows the key: %s", e.message);
}

START_TEST(the_setting_takes_long_printable_texts)
{
    char longest[514];
    memset(longest, 'x', sizeof longest);
    longest[513] = '\0';
    must_take("0123456789abcdef");
    must_take("~!@#$%^&*()_+{}|:<>?");
    must_take(test_key(1).text);
    must_refuse("0123456789abcde", "16 to 512");
    must_refuse("", "16 to 512");
    must_refuse("0123456789 abcdef", "no spaces");
    must_refuse("0123456789abcdef\n", "printable");
    must_refuse("{\"version\": 1, \"keys\": []}", "API_KEYS_FILE");
    must_refuse("0123456789abcdef\xc3\xa9", "ASCII");
    must_refuse(longest, "512");
    longest[512] = '\0';
    must_take(longest);
    must_refuse("wk_aaaaaaaa_mistyped", "check digits");
}
END_TEST

UNIT_CASE(api_key)
{
    tcase_add_test(tc, a_new_key_has_the_documented_form);
    tcase_add_test(tc, base32_uses_every_bit);
    tcase_add_test(tc, every_single_typo_is_noticed);
    tcase_add_test(tc, what_is_no_key);
    tcase_add_test(tc, the_setting_takes_long_printable_texts);
}
