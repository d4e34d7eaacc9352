/* weirctl dlq: the dead letters, as a stream that can be chosen from. */
#include "tools/ctl/dlq.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/num.h"
#include "common/base/random.h"
#include "common/base/utf8.h"
#include "tools/ctl/commands.h"
#include "tools/ctl/when.h"

static const struct command *const subs[] = {
    &command_dlq_list,
    &command_dlq_show,
    &command_dlq_replay,
    NULL,
};

const struct command command_dlq = {
    .name = "dlq",
    .summary = "lists, shows and replays dead letters.",
    .sub = subs,
    .help =
        "A record that can never be stored is a dead letter: its bytes, why, and where it stood,\n"
        "in the topic DLQ_TOPIC. Nothing is removed from there; the topic's retention does that.\n",
};

/* --- which ------------------------------------------------------------------------------------ */

int dlq_check_id(const char *id, struct err *e)
{
    const char *slash = strchr(id, '/');
    int64_t n;
    if (slash && num_parse_i64(span_of(id, (size_t)(slash - id)), 0, INT32_MAX, &n) &&
        num_parse_i64(span_str(slash + 1), 0, INT64_MAX, &n))
        return 0;
    return err_set(e, ERR_INVALID,
                   "\"%s\" names no dead letter; expected PARTITION/OFFSET as in "
                   "the list, such as 3/17",
                   id);
}

int dlq_filter_read(struct dlq_filter *f, const struct call *c, int64_t now_ms, struct err *e)
{
    const char *from = call_flag(c, "from"), *to = call_flag(c, "to");
    int rc = 0;
    *f = (struct dlq_filter){.reason = call_flag(c, "reason"),
                             .device = call_flag(c, "device"),
                             .from_ms = INT64_MIN,
                             .to_ms = INT64_MAX,
                             .ids = c->operand,
                             .id_count = c->operands};
    if (from)
        rc = when_parse("from", from, now_ms, &f->from_ms, e);
    if (rc == 0 && to)
        rc = when_parse("to", to, now_ms, &f->to_ms, e);
    for (unsigned i = 0; i < f->id_count && rc == 0; i++)
        rc = dlq_check_id(f->ids[i], e);
    return rc;
}

bool dlq_wants(const struct dlq_filter *f, const struct dlq_letter *letter)
{
    if (f->reason && !span_is(letter->body.code, f->reason))
        return false;
    if (f->device && !span_is(letter->record->key, f->device))
        return false;
    if (letter->body.failed_at_ms < f->from_ms || letter->body.failed_at_ms >= f->to_ms)
        return false;
    for (unsigned i = 0; i < f->id_count; i++)
        if (strcmp(f->ids[i], letter->id) == 0)
            return true;
    return f->id_count == 0;
}

void dlq_put_plain(struct buf *out, struct span text)
{
    const char *end = text.p + text.len;
    for (const char *p = text.p; p < end;) {
        size_t len = utf8_char(p, end);
        bool control = (unsigned char)*p < 0x20 || *p == 0x7f ||
                       (len == 2 && p[0] == '\xc2' && (unsigned char)p[1] < 0xa0);
        if (len == 0 || control)
            buf_char(out, '?');
        else
            buf_append(out, p, len);
        p += len ? len : 1;
    }
}

/* --- rounds ----------------------------------------------------------------------------------- */

static struct span first_word(struct span text)
{
    const char *space = text.len > 0 ? memchr(text.p, ' ', text.len) : NULL;
    return space ? span_of(text.p, (size_t)(space - text.p)) : text;
}

int64_t dlq_round_of(struct span replay)
{
    int64_t round;
    return num_parse_i64(first_word(replay), 0, INT32_MAX, &round) ? round : 0;
}

static size_t fit(int n)
{
    return n < DLQ_REPLAY_MAX ? (size_t)n : DLQ_REPLAY_MAX - 1;
}

size_t dlq_first_origin(const struct dlq_letter *letter, char out[DLQ_REPLAY_MAX])
{
    const struct dead_letter_read *body = &letter->body;
    size_t word = first_word(letter->replay).len + 1;
    if (letter->round > 0 && word < letter->replay.len)
        return fit(snprintf(out, DLQ_REPLAY_MAX, "%.*s", (int)(letter->replay.len - word),
                            letter->replay.p + word));
    return fit(snprintf(out, DLQ_REPLAY_MAX, "%.*s/%lld/%lld", (int)body->topic.len, body->topic.p,
                        (long long)body->partition, (long long)body->offset));
}

size_t dlq_next_round(const struct dlq_letter *letter, char out[DLQ_REPLAY_MAX])
{
    char origin[DLQ_REPLAY_MAX];
    dlq_first_origin(letter, origin);
    return fit(snprintf(out, DLQ_REPLAY_MAX, "%lld %.280s", (long long)letter->round + 1, origin));
}

/* --- reading ---------------------------------------------------------------------------------- */

int dlq_open(struct dlq *d, const struct call *c)
{
    struct err e = {0};
    *d = (struct dlq){.letters = 0};
    int status = ctl_settings_load(&d->settings, c);
    if (status != CTL_OK)
        return status;
    d->kafka = (struct kafka_config){.bootstrap_servers = d->settings.kafka.bootstrap_servers,
                                     .client_id = "weirctl"};
    d->kafka.properties = options_kafka_properties(d->settings.options, &d->kafka.property_count);
    return kafka_reader_new(&d->reader, &d->kafka, NULL, REACH_KAFKA_MS, &e) == 0
               ? CTL_OK
               : call_error(c, &e);
}

void dlq_close(struct dlq *d)
{
    kafka_reader_free(d->reader);
    ctl_settings_free(&d->settings);
}

struct pass {
    struct dlq *d;
    const struct dlq_filter *filter;
    bool (*visit)(void *arg, const struct dlq_letter *letter);
    void *arg;
    struct map *origins; /* of the letters that came */
    struct dlq_letter letter;
};

static struct span header_of(const struct kafka_reader_record *r, const char *name)
{
    for (unsigned i = r->header_count; i-- > 0;)
        if (strcmp(r->headers[i].name, name) == 0)
            return r->headers[i].value;
    return span_of(NULL, 0);
}

/* Letters are sent at least once. One without an origin is taken for new. */
static bool came_before(struct pass *p)
{
    const struct dead_letter_read *body = &p->letter.body;
    char key[DLQ_REPLAY_MAX];
    if (body->offset < 0)
        return false;
    int n = snprintf(key, sizeof key, "%.*s/%lld/%lld", (int)body->topic.len, body->topic.p,
                     (long long)body->partition, (long long)body->offset);
    return map_put(p->origins, span_of(key, (size_t)n), p) != NULL;
}

static bool take_record(void *arg, const struct kafka_reader_record *record)
{
    struct pass *p = arg;
    struct dlq_letter *letter = &p->letter;
    struct err e = {0};
    if (dead_letter_read(&letter->body, record->value, &e) != 0) {
        p->d->unreadable++;
        return true;
    }
    snprintf(letter->id, sizeof letter->id, "%d/%lld", (int)record->partition,
             (long long)record->offset);
    letter->record = record;
    letter->replay = header_of(record, DLQ_REPLAY_HEADER);
    letter->round = dlq_round_of(letter->replay);
    if (!dlq_wants(p->filter, letter))
        return true;
    if (came_before(p)) {
        p->d->repeats++;
        return true;
    }
    p->d->letters++;
    return p->visit(p->arg, letter);
}

/* Letters that are named are looked up, not searched for. */
static void narrow(const struct dlq_filter *f, struct kafka_partition *p)
{
    int64_t first = INT64_MAX, last = -1;
    for (unsigned i = 0; i < f->id_count; i++) {
        const char *slash = strchr(f->ids[i], '/');
        int64_t partition = -1, offset = -1;
        if (num_parse_i64(span_of(f->ids[i], (size_t)(slash - f->ids[i])), 0, INT32_MAX,
                          &partition) &&
            partition == p->partition &&
            num_parse_i64(span_str(slash + 1), 0, INT64_MAX - 1, &offset)) {
            first = offset < first ? offset : first;
            last = offset > last ? offset : last;
        }
    }
    p->start = first > p->start ? first : p->start;
    p->end = last + 1 < p->end ? last + 1 : p->end;
}

int dlq_each(struct dlq *d, const struct dlq_filter *f,
             bool (*visit)(void *arg, const struct dlq_letter *letter), void *arg, struct err *e)
{
    const char *topic = d->settings.kafka.dlq_topic;
    struct pass pass = {.d = d, .filter = f, .visit = visit, .arg = arg};
    struct kafka_partition *partitions = NULL;
    size_t count = 0;
    pass.origins = map_new(random_seed());
    d->letters = d->repeats = d->unreadable = 0;
    int rc = kafka_reader_topic(d->reader, topic, &partitions, &count, e);
    if (rc == 0)
        rc = kafka_reader_borders(d->reader, topic, partitions, count, e);
    for (size_t i = 0; i < count && rc == 0 && f->id_count > 0; i++)
        narrow(f, &partitions[i]);
    if (rc == 0)
        rc = kafka_reader_each(d->reader, topic, partitions, count, take_record, &pass, e);
    dead_letter_read_deinit(&pass.letter.body);
    map_free(pass.origins, NULL);
    free(partitions);
    return rc;
}
