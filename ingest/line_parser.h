/* The parts of the line protocol parser, shared by the files that make it up. */
#ifndef WEIR_INGEST_LINE_PARSER_H
#define WEIR_INGEST_LINE_PARSER_H

#include "common/model/reading_decoder.h"
#include "ingest/line_protocol.h"

enum {
    LINE_NUMBER_MAX = 512, /* bytes of a number that is not written as JSON writes it */
    LINE_PARTS_MAX = 8,    /* a power of two */
};

struct line_parser {
    struct reading_decoder d; /* holds every field to the rules of readings */
    const char *at, *end;     /* `at` stands where a syntax error is to be reported */
    enum line_unit unit;
    unsigned device_rank; /* of the tag that names the device, 1 is best; 0 = none yet */
    struct span device;   /* its value as written */
    uint64_t device_hash; /* its part of `series` */
    uint64_t series;      /* sum over measurement, tags, and names of fields */
    uint32_t below_ms;    /* nanoseconds that the time stamp has beyond its millisecond */
    uint64_t name_hash;   /* of the field being read */
    unsigned part, parts; /* only fields of this part are taken; 0 and 1: all */
    uint32_t numbers[LINE_PARTS_MAX]; /* fields that may be sensors of the reading's own, by part */
    char number[LINE_NUMBER_MAX];
};

/* What may end a run of bytes, as bits of line_scan's table. Control characters end all of them. */
enum line_stop {
    LINE_STOP_NAME = 1,  /* of a measurement: space and comma */
    LINE_STOP_KEY = 2,   /* of keys and tag values: also the equals sign */
    LINE_STOP_VALUE = 4, /* of a field value that is not quoted: space and comma; no escapes */
};

/* The run at p->at, which moves to what ended it, or to the end. */
struct span line_scan(struct line_parser *p, enum line_stop stop);

/* A key or tag value without its escapes, in `out`; one too long for a device id is cut behind
 * that. */
struct span line_unescape(struct span tag_value, char out[READING_DEVICE_ID_MAX + 1]);

/* At the end of the input, before a line feed, or before CR LF. */
bool line_at_end(const struct line_parser *p);

/* Not line protocol: the only problem from now on. Always false. */
bool line_refuse(struct line_parser *p, const char *why);

/* One field; p->at stands behind the equals sign. False after a syntax error. */
bool line_take_value(struct line_parser *p, struct span name);

/* Whether the field that has been read, d.member, belongs to the part being read. */
bool line_part_has_field(struct line_parser *p);

/* How many readings a line is for that has been read whole and has too many sensors; 0 when it has
 * not, or LINE_PARTS_MAX are not enough. */
unsigned line_parts_needed(const struct line_parser *p);

/* The time stamp, if there is one. False after a syntax error. */
bool line_take_time(struct line_parser *p);

#endif
