/* A reading: what a device measured at one moment; decoded, validated, encoded and named here. */
#ifndef WEIR_MODEL_READING_H
#define WEIR_MODEL_READING_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/span.h"

enum {
    READING_DEVICE_ID_MAX = 128, /* bytes of UTF-8 */
    READING_SENSOR_NAME_MAX = 64,
    READING_KEY_MAX = 255,  /* bytes of an Idempotency-Key */
    READING_EXTRA_MAX = 32, /* sensors beside the four that every reading knows */
    READING_SENSORS_MAX = READING_EXTRA_MAX + 4,
    READING_PROBLEMS_MAX = 8,
    READING_ID_BYTES = 12,
    READING_ID_HEX = 24,
};

/* One measured number. battery_level and rssi are sensors too; lat, lon and seq are not. */
struct reading_sensor {
    struct span name;   /* [A-Za-z_][A-Za-z0-9_]{0,63} */
    struct span digits; /* the number as the device wrote it; empty when there is no text */
    double value;       /* finite */
};

/* Spans point into the decoded JSON or into `scratch`, so a reading lives as long as its input and
 * is not copied by assignment once decoded. Zero-initialise; decoding resets it. */
struct reading {
    struct span device_id;  /* 1..128 bytes of UTF-8 without control characters */
    int64_t ts_ms;          /* event time, ms since 1970 UTC */
    bool ts_from_server;    /* the device gave none: ts_ms is the server's */
    int64_t received_at_ms; /* when ingest had it; 0 = not said */
    bool has_position, has_online, has_seq;
    bool online;
    double lat, lon; /* degrees, -90..90 and -180..180 */
    struct span lat_digits, lon_digits;
    int64_t seq;
    struct span key;  /* Idempotency-Key, or what stands for it when the server gave ts; or empty */
    unsigned ignored; /* members of a type no reading knows (where the mode lets them be) */
    unsigned sensors;
    size_t scratch_used;
    struct reading_sensor sensor[READING_SENSORS_MAX]; /* in the order of the input; those under
                                                          another name last */
    /* Unescaped text: device id, key, and up to 1024 bytes of sensor names. */
    char scratch[READING_DEVICE_ID_MAX + READING_KEY_MAX + 1024];
};

/* What is asked of a reading; the rows are in reading_profile.c. */
enum reading_mode {
    READING_LENIENT,   /* /ingest: members of unknown types are ignored and counted;
                          temperature_c and humidity are required */
    READING_STRICT,    /* /api/v1/readings: unknown types are refused; at least one sensor or status
                          field */
    READING_CANONICAL, /* records of telemetry.raw: as READING_STRICT; received_at and key allowed
                        */
    READING_LINES,     /* line protocol: ignores what READING_LENIENT ignores, requires what
                          READING_STRICT requires */
    READING_TELEMETRY, /* /telemetry: ignores what READING_LENIENT ignores; device_id (or source)
                          and temperature_c (or temperature) are required, humidity_pct is another
                          name of humidity. A field's own name wins; then the other one is ignored
                          and counted */
    READING_STATUS,    /* /status: ignores likewise; device_id, timestamp (or ts), battery_level,
                          rssi and online are required */
    READING_MODES,
};

struct reading_rules {
    enum reading_mode mode;
    int64_t now_ms;             /* server time: for a missing ts, and for the future limit */
    int64_t max_future_skew_ms; /* ts may be this far ahead of now_ms (ahead of received_at_ms in
                                   READING_CANONICAL, when the record has it) */
};

enum reading_problem_code {
    PROBLEM_NONE = 0,
    PROBLEM_SYNTAX,          /* not JSON at all: the route answers 400 */
    PROBLEM_NOT_AN_OBJECT,   /* JSON, but no object */
    PROBLEM_DUPLICATE_FIELD, /* 400 too: readers would disagree about it */
    PROBLEM_MISSING,
    PROBLEM_TYPE,   /* a string where a number must be, ... */
    PROBLEM_RANGE,  /* outside the allowed values; 1e400 */
    PROBLEM_LENGTH, /* too short or too long */
    PROBLEM_CHARACTERS,
    PROBLEM_TIMESTAMP, /* no RFC 3339, no epoch number */
    PROBLEM_FUTURE,    /* ts is more than max_future_skew ahead */
    PROBLEM_TOO_MANY_SENSORS,
};

struct reading_problem {
    enum reading_problem_code code;
    char field[READING_SENSOR_NAME_MAX + 1]; /* "humidity"; empty for the whole reading */
    char message[160];                       /* what was wrong and what is allowed */
    struct span input;                       /* the offending JSON value as written; may be empty */
    size_t offset;                           /* bytes into the input */
};

struct reading_problems {
    unsigned count; /* filled entries; the first eight are kept */
    struct reading_problem item[READING_PROBLEMS_MAX];
};

/* Fixed names: "missing", "type", "range", ... used as codes, metric labels and dead-letter
 * reasons. */
const char *reading_problem_name(enum reading_problem_code code);

/* Decodes and validates one JSON reading. 0, or ERR_SYNTAX (PROBLEM_SYNTAX and _DUPLICATE_FIELD),
 * or ERR_INVALID with every problem found. Does not allocate. Aliases: `timestamp` for `ts`. */
int reading_decode(struct reading *r, struct span json, const struct reading_rules *rules,
                   struct reading_problems *problems);

/* Appends the canonical JSON of telemetry.raw: device_id, ts (RFC 3339, ms, Z), sensors in their
 * order with the device's digits, lat, lon, online, seq, key (when set), received_at. Decoding it
 * in READING_CANONICAL gives the same reading back. */
void reading_encode(const struct reading *r, struct buf *out);

/* For adapters that fill a reading without JSON. PROBLEM_NONE, _LENGTH or _CHARACTERS. */
enum reading_problem_code reading_device_id_check(struct span id);
/* The grammar alone: names that mean something else (ts, lat, ...) are such names too. */
bool reading_sensor_name_valid(struct span name);

struct reading_id {
    uint8_t byte[READING_ID_BYTES];
};

/* Without key: ts seconds (4 bytes, big endian, clamped to 0..2^32-1), then the first 8 bytes of
 * SHA-256 over device id, 0x00, decimal ts in ms, and 0x00 and decimal seq when there is one. With
 * key: the first 12 bytes of SHA-256 over device id, 0x00, key. */
struct reading_id reading_id(const struct reading *r);
void reading_id_hex(const struct reading_id *id, char out[READING_ID_HEX + 1]);

/* Same device, time, sensors and values (in any order), position, online, seq. Times of receipt
 * and key are not compared: this tells a repeat from a conflict of ids. */
bool reading_same_contents(const struct reading *a, const struct reading *b);

#endif
