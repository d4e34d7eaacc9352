/* Influx line protocol: each line of a body as a reading. Pure: no clock, no memory of its own. */
#ifndef WEIR_INGEST_LINE_PROTOCOL_H
#define WEIR_INGEST_LINE_PROTOCOL_H

#include <stdbool.h>

#include "common/base/span.h"
#include "common/model/reading.h"

/* The syntax is that of InfluxDB 1.x and 2.x ("Line protocol", InfluxDB v2 documentation):
 *
 *   measurement[,tag=value...] field=value[,field=value...] [time stamp]
 *
 * - Escapes: `\,` `\ ` in a measurement, also `\=` in keys and tag values; any other backslash is
 *   a backslash. In quoted strings `\"` and `\\`; they may hold line feeds.
 * - Lines end in LF or CR LF. Blank lines and lines that begin with # are skipped.
 * - Numbers: 1, -1.5, 1e3, .5, 1., 3i, 3u; also +1 and leading zeros. No NaN, no infinity.
 *   Booleans: t T true True TRUE f F false False FALSE.
 *
 * What becomes of it:
 * - The device is the tag device_id, else device, else host. Measurement and other tags are not
 *   kept.
 * - Fields obey the rules of READING_LINES. Strings, booleans but `online`, numbers under names
 *   that no sensor can have, and fields called device_id, ts, timestamp, received_at or key are
 *   ignored and counted: collectors send such fields beside good ones.
 * - A reading holds READING_EXTRA_MAX sensors of its own. A line with more (Telegraf's `mem` has 34
 *   numbers) becomes 2, 4 or 8 readings of one time: a field goes to one of them by a hash of its
 *   name, what every reading knows (temperature_c, lat, online, ...) to the first, which alone has
 *   the line's own `seq`. All of them are good, or the line is refused. What does not fit into 8 is
 *   refused, too.
 * - The time stamp is cut to the millisecond; without one it is the server's time.
 * - seq: InfluxDB tells points apart by measurement, tags and time, and adds fields to a point
 *   that it has. Telegraf sends many lines of one host with one time stamp (one for each
 *   processor, disk, ...; its stamps are whole seconds by default), so device and time would
 *   make them conflict. A line with a time stamp and without a field `seq` gets a seq of
 *   0..2^53-1 made of the measurement, the other tags in any order, the names of the fields, and
 *   the part of the stamp below a millisecond; and of the number of the part, where it is one of
 *   several. A repeated line is the same reading; the same with
 *   other values is a conflict, where InfluxDB would overwrite. */

enum line_unit { LINE_NS, LINE_US, LINE_MS, LINE_S, LINE_MINUTE, LINE_HOUR };

/* The query parameter `precision`: ns us ms s; in InfluxDB 1.x (`old`) also n u m h. */
bool line_unit_find(struct span name, bool old, enum line_unit *out);

enum line_result {
    LINE_END,     /* nothing but blank lines and comments was left */
    LINE_READING, /* a good one */
    LINE_BAD,     /* see problems; reading goes on with the next line */
};

/* Zero-initialise, then set `rest` and `unit`. */
struct line_reader {
    struct span rest; /* what is still to be read; borrowed, never written to */
    enum line_unit unit;
    unsigned number;      /* of the line where the last result begins, from 1 */
    unsigned lines;       /* begun so far */
    unsigned part, parts; /* which of its line's readings the last result is, from 0 */
};

/* The next point, or the next part of one. The reading borrows the body. rules->mode must be
 * READING_LINES. Offsets of problems count from the begin of the line. After a syntax error the
 * rest of the line is skipped: what stands in a closed string is never read as a line; one that is
 * never closed ends with its line. Takes time in proportion to what it reads, and allocates
 * nothing. */
enum line_result line_next(struct line_reader *in, struct reading *r,
                           const struct reading_rules *rules, struct reading_problems *problems);

/* Lines of a body, of any kind; a line feed at its end begins no other. */
size_t line_count(struct span body);

#endif
