/* Bodies in the chunked coding as raw bytes, and what must become of each. */
#include "tests/unit/http/chunked_cases.h"

#define LONG_16 "aaaaaaaaaaaaaaaa"
#define LONG_64 LONG_16 LONG_16 LONG_16 LONG_16

#define CASE(status, bytes)                       \
    {                                             \
        bytes, sizeof(bytes) - 1, status, NULL, 0 \
    }
#define GOOD(bytes, body)                    \
    {                                        \
        bytes, sizeof(bytes) - 1, 0, body, 0 \
    }
#define GOOD_WITH_NEXT(bytes, body, n)       \
    {                                        \
        bytes, sizeof(bytes) - 1, 0, body, n \
    }

const struct chunked_case chunked_cases[] = {
    GOOD("0\r\n\r\n", ""),
    GOOD("3\r\nabc\r\n0\r\n\r\n", "abc"),
    GOOD("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", "abcde"),
    GOOD("a\r\n0123456789\r\n0\r\n\r\n", "0123456789"),
    GOOD("A\r\n0123456789\r\n0\r\n\r\n", "0123456789"),
    GOOD("0003\r\nabc\r\n000\r\n\r\n", "abc"),
    GOOD("3\r\n\r\n\0\r\n0\r\n\r\n", "\r\n"),
    GOOD("3;foo=bar\r\nabc\r\n0\r\n\r\n", "abc"),
    GOOD("3;foo\r\nabc\r\n0;last\r\n\r\n", "abc"),
    GOOD("3 ; foo = \"b \\\" ; r\" ; x\r\nabc\r\n0\r\n\r\n", "abc"),
    GOOD("3;a=1;b=2\r\nabc\r\n0\r\n\r\n", "abc"),
    GOOD("3\r\nabc\r\n0\r\nDigest: x\r\n\r\n", "abc"),
    GOOD("3\r\nabc\r\n0\r\nA: 1\r\nB:\r\nC: \t x\r\n\r\n", "abc"),
    GOOD_WITH_NEXT("1\r\na\r\n0\r\n\r\nGET /", "a", 5),
    GOOD_WITH_NEXT("0\r\n\r\n0\r\n\r\n", "", 5),

    CASE(CHUNKS_INCOMPLETE, ""),
    CASE(CHUNKS_INCOMPLETE, "3"),
    CASE(CHUNKS_INCOMPLETE, "3\r"),
    CASE(CHUNKS_INCOMPLETE, "3\r\nab"),
    CASE(CHUNKS_INCOMPLETE, "3\r\nabc"),
    CASE(CHUNKS_INCOMPLETE, "3\r\nabc\r\n0\r\n"),
    CASE(CHUNKS_INCOMPLETE, "3\r\nabc\r\n0\r\n\r"),
    CASE(CHUNKS_INCOMPLETE, "3\r\nabc\r\n0\r\nX: y\r\n"),
    CASE(CHUNKS_INCOMPLETE, "ffffffffffffffff\r\nabc"),

    CASE(400, "\r\n"),
    CASE(400, "\n"),
    CASE(400, ";\r\n"),
    CASE(400, "x\r\n"),
    CASE(400, "g\r\n"),
    CASE(400, "+3\r\nabc\r\n0\r\n\r\n"),
    CASE(400, "-3\r\nabc\r\n0\r\n\r\n"),
    CASE(400, "-0\r\n\r\n"),
    CASE(400, "0x3\r\nabc\r\n0\r\n\r\n"),
    CASE(400, "0X3\r\nabc\r\n0\r\n\r\n"),
    CASE(400, " 3\r\nabc\r\n0\r\n\r\n"),
    CASE(400, "\t3\r\nabc\r\n0\r\n\r\n"),
    CASE(400, "3 \r\nabc\r\n0\r\n\r\n"),
    CASE(400, "3 xyz\r\nabc\r\n0\r\n\r\n"),
    CASE(400, "3,\r\nabc\r\n0\r\n\r\n"),
    CASE(400, "3\nabc\r\n0\r\n\r\n"),
    CASE(400, "3\rabc\r\n0\r\n\r\n"),
    CASE(400, "3\r\r\nabc\r\n0\r\n\r\n"),
    CASE(400, "3\0\r\nabc\r\n0\r\n\r\n"),
    CASE(400, "10000000000000000\r\na"),
    CASE(400, "fffffffffffffffff\r\na"),
    CASE(400, "3\r\nabcd\r\n0\r\n\r\n"),
    CASE(400, "3\r\nabc0\r\n\r\n"),
    CASE(400, "3\r\nabc\n0\r\n\r\n"),
    CASE(400, "3\r\nabc\r0\r\n\r\n"),
    CASE(400, "3\r\nab\r\n0\r\n\r\n"),
    CASE(400, "3\r\nabc\r\n\r\n"),
    CASE(400, "3;\r\nabc\r\n0\r\n\r\n"),
    CASE(400, "3;;a\r\nabc\r\n0\r\n\r\n"),
    CASE(400, "3;a=\r\nabc\r\n0\r\n\r\n"),
    CASE(400, "3;a b\r\nabc\r\n0\r\n\r\n"),
    CASE(400, "3;=a\r\nabc\r\n0\r\n\r\n"),
    CASE(400, "3;a=\"\r\nabc\r\n0\r\n\r\n"),
    CASE(400, "3;a=\"x\"y\r\nabc\r\n0\r\n\r\n"),
    CASE(400, "3;a=\"\x01\"\r\nabc\r\n0\r\n\r\n"),
    CASE(400, "3;a\0\r\nabc\r\n0\r\n\r\n"),
    CASE(400, "3;a\nabc\r\n0\r\n\r\n"),
    CASE(400, "0\n\r\n"),
    CASE(400, "0\r\n\n"),
    CASE(400, "0\r\nX\r\n\r\n"),
    CASE(400, "0\r\n: x\r\n\r\n"),
    CASE(400, "0\r\nX : y\r\n\r\n"),
    CASE(400, "0\r\nX: y\n\r\n"),
    CASE(400, "0\r\nX: y\r\n z\r\n\r\n"),
    CASE(400, "0\r\nX: \0\r\n\r\n"),
    CASE(400, "0\r\nX: a\rb\r\n\r\n"),
    CASE(400, "0\r\nabc"
              "\x7f: x\r\n\r\n"),
    CASE(400, "3;" LONG_64 LONG_64 LONG_64 LONG_64 "\r\nabc\r\n0\r\n\r\n"),
    CASE(400, "\xef\xbb\xbf"
              "3\r\nabc\r\n0\r\n\r\n"),
    CASE(400, "\"3\"\r\nabc\r\n0\r\n\r\n"),
    CASE(400, "3.0\r\nabc\r\n0\r\n\r\n"),
    CASE(400, "3h\r\nabc\r\n0\r\n\r\n"),
    CASE(400, "0\r\n X: y\r\n\r\n"),
    CASE(400, "0\r\n\0: y\r\n\r\n"),
    CASE(400, "0\r\nX: \x7f\r\n\r\n"),
    CASE(400, "3;a=b c\r\nabc\r\n0\r\n\r\n"),
    CASE(400, "3;a=\"\r\n\"\r\nabc\r\n0\r\n\r\n"),
    CASE(400, "3;a=\"x\\\r\n\"\r\nabc\r\n0\r\n\r\n"),
    CASE(400, "3\r\n\r\nabc\r\n0\r\n\r\n"),
    CASE(400, "0\r\n\rX\r\n"),
};

const size_t chunked_case_count = sizeof chunked_cases / sizeof chunked_cases[0];
