/* What the store can do to a batch, case by case: the real sink and pipeline against a real store
 * whose chosen answers are spoiled. Each row says exactly what must come of it. */
#include <stdio.h>
#include <string.h>

#include "common/store/schema.h"
#include "tests/store/fixture.h"
#include "tests/store/proxy.h"
#include "tests/unit/aggregator/stage.h"

enum { RECORDS = 9 };

/* Who is to blame, or is there already: bits of offsets. */
enum { NOBODY = 0, FIRST = 1 << 0, MIDDLE = 1 << 4, LAST = 1 << 8, WHOLE = (1 << RECORDS) - 1 };

enum outcome {
    STORED,    /* everything is stored and committed, and nothing was ever blocked */
    REFUSED,   /* the blamed are dead letters at once */
    EXHAUSTED, /* the blamed are dead letters after three attempts */
    BLOCKED,   /* it was seen to block, and everything is stored once it passes */
    REPLAYED,  /* stored: those that were there came from these places of the log */
    DOUBLED,   /* those that were there came from another place: duplicates */
};

#define RAW     "insert", "telemetry_raw"
#define ORIGINS "find", "telemetry_raw"
#define LOADS   "find", "aggregated_data"
#define NEW     "insert", "aggregated_data"
#define DEVICES "insert", "devices"
#define LEDGER  "insert", "ledger"

/* clang-format off */
static const struct fault_case {
    const char *name;
    enum proxy_act act;
    const char *command, *collection;
    int code;
    unsigned who, times;
    enum outcome outcome;
} cases[] = {
    {"nothing is wrong",                PROXY_PASS, RAW, 0, NOBODY, 0, STORED},
    /* a reading that is there already */
    {"E11000 same origin, first",       PROXY_PASS, RAW, 0, FIRST, 0, REPLAYED},
    {"E11000 same origin, middle",      PROXY_PASS, RAW, 0, MIDDLE, 0, REPLAYED},
    {"E11000 same origin, last",        PROXY_PASS, RAW, 0, LAST, 0, REPLAYED},
    {"E11000 same origin, whole",       PROXY_PASS, RAW, 0, WHOLE, 0, REPLAYED},
    {"E11000 other origin, first",      PROXY_PASS, RAW, 0, FIRST, 0, DOUBLED},
    {"E11000 other origin, middle",     PROXY_PASS, RAW, 0, MIDDLE, 0, DOUBLED},
    {"E11000 other origin, last",       PROXY_PASS, RAW, 0, LAST, 0, DOUBLED},
    {"E11000 other origin, whole",      PROXY_PASS, RAW, 0, WHOLE, 0, DOUBLED},
    /* a document that the store refuses for good */
    {"121 validation, first",           PROXY_ITEM_ERROR, RAW, 121, FIRST, 0, REFUSED},
    {"121 validation, middle",          PROXY_ITEM_ERROR, RAW, 121, MIDDLE, 0, REFUSED},
    {"121 validation, last",            PROXY_ITEM_ERROR, RAW, 121, LAST, 0, REFUSED},
    {"121 validation, whole",           PROXY_ITEM_ERROR, RAW, 121, WHOLE, 0, REFUSED},
    {"10334 too large, first",          PROXY_ITEM_ERROR, RAW, 10334, FIRST, 0, REFUSED},
    {"10334 too large, last",           PROXY_ITEM_ERROR, RAW, 10334, LAST, 0, REFUSED},
    {"10334 too large, whole",          PROXY_ITEM_ERROR, RAW, 10334, WHOLE, 0, REFUSED},
    {"17280 key too long, middle",      PROXY_ITEM_ERROR, RAW, 17280, MIDDLE, 0, REFUSED},
    {"2 bad value, middle",             PROXY_ITEM_ERROR, RAW, 2, MIDDLE, 0, REFUSED},
    /* the same as the answer to the whole command: found by halves */
    {"10334 of the command, first",     PROXY_COMMAND_ERROR, RAW, 10334, FIRST, 0, REFUSED},
    {"10334 of the command, middle",    PROXY_COMMAND_ERROR, RAW, 10334, MIDDLE, 0, REFUSED},
    {"10334 of the command, last",      PROXY_COMMAND_ERROR, RAW, 10334, LAST, 0, REFUSED},
    {"121 of the command, whole",       PROXY_COMMAND_ERROR, RAW, 121, WHOLE, 0, REFUSED},
    /* a document that fails for a reason that may pass */
    {"8 unknown error, first",          PROXY_ITEM_ERROR, RAW, 8, FIRST, 0, EXHAUSTED},
    {"8 unknown error, middle",         PROXY_ITEM_ERROR, RAW, 8, MIDDLE, 0, EXHAUSTED},
    {"8 unknown error, last",           PROXY_ITEM_ERROR, RAW, 8, LAST, 0, EXHAUSTED},
    {"8 unknown error, whole",          PROXY_ITEM_ERROR, RAW, 8, WHOLE, 0, EXHAUSTED},
    {"8 unknown error, twice",          PROXY_ITEM_ERROR, RAW, 8, MIDDLE, 2, STORED},
    {"a code nobody knows, middle",     PROXY_ITEM_ERROR, RAW, 777777, MIDDLE, 0, EXHAUSTED},
    {"9 of the command, first",         PROXY_COMMAND_ERROR, RAW, 9, FIRST, 0, EXHAUSTED},
    {"9 of the command, middle",        PROXY_COMMAND_ERROR, RAW, 9, MIDDLE, 0, EXHAUSTED},
    {"9 of the command, last",          PROXY_COMMAND_ERROR, RAW, 9, LAST, 0, EXHAUSTED},
    {"9 of the command, once",          PROXY_COMMAND_ERROR, RAW, 9, WHOLE, 1, STORED},
    {"9 of every command",              PROXY_COMMAND_ERROR, RAW, 9, WHOLE, 0, BLOCKED},
    /* the store's own trouble, as an answer to the command */
    {"8 of every command",              PROXY_COMMAND_ERROR, RAW, 8, WHOLE, 0, BLOCKED},
    {"91 shutdown in progress",         PROXY_COMMAND_ERROR, RAW, 91, FIRST, 1, BLOCKED},
    {"189 primary stepped down",        PROXY_COMMAND_ERROR, RAW, 189, MIDDLE, 1, BLOCKED},
    {"10107 not writable primary",      PROXY_COMMAND_ERROR, RAW, 10107, LAST, 1, BLOCKED},
    {"13436 not primary or secondary",  PROXY_COMMAND_ERROR, RAW, 13436, WHOLE, 1, BLOCKED},
    {"11600 interrupted at shutdown",   PROXY_COMMAND_ERROR, RAW, 11600, WHOLE, 1, BLOCKED},
    {"11602 replica state change",      PROXY_COMMAND_ERROR, RAW, 11602, WHOLE, 1, BLOCKED},
    {"14031 out of disk space",         PROXY_COMMAND_ERROR, RAW, 14031, WHOLE, 5, BLOCKED},
    {"13 unauthorized",                 PROXY_COMMAND_ERROR, RAW, 13, WHOLE, 5, BLOCKED},
    {"18 authentication failed",        PROXY_COMMAND_ERROR, RAW, 18, WHOLE, 5, BLOCKED},
    {"a command's code nobody knows",   PROXY_COMMAND_ERROR, RAW, 777777, WHOLE, 5, BLOCKED},
    /* ... blamed on one document */
    {"14031 on the first",              PROXY_ITEM_ERROR, RAW, 14031, FIRST, 4, BLOCKED},
    {"14031 on the middle",             PROXY_ITEM_ERROR, RAW, 14031, MIDDLE, 4, BLOCKED},
    {"11600 on the last",               PROXY_ITEM_ERROR, RAW, 11600, LAST, 4, BLOCKED},
    {"10107 on the whole",              PROXY_ITEM_ERROR, RAW, 10107, WHOLE, 4, BLOCKED},
    {"13 on the middle",                PROXY_ITEM_ERROR, RAW, 13, MIDDLE, 4, BLOCKED},
    /* ... written, but not safe */
    {"64 write concern timeout",        PROXY_CONCERN_ERROR, RAW, 64, WHOLE, 4, BLOCKED},
    {"91 as a write concern error",     PROXY_CONCERN_ERROR, RAW, 91, WHOLE, 1, BLOCKED},
    {"189 as a write concern error",    PROXY_CONCERN_ERROR, RAW, 189, WHOLE, 1, BLOCKED},
    {"100 unsatisfiable concern",       PROXY_CONCERN_ERROR, RAW, 100, WHOLE, 4, BLOCKED},
    {"64 on windows",                   PROXY_CONCERN_ERROR, NEW, 64, NOBODY, 2, BLOCKED},
    {"64 on the ledger",                PROXY_CONCERN_ERROR, LEDGER, 64, NOBODY, 2, BLOCKED},
    /* the line, also when the driver tries once more by itself */
    {"closed before the bulk",          PROXY_CLOSE_BEFORE, RAW, 0, WHOLE, 2, BLOCKED},
    {"closed after the bulk",           PROXY_CLOSE_AFTER, RAW, 0, WHOLE, 2, BLOCKED},
    {"closed halfway",                  PROXY_CLOSE_HALFWAY, RAW, 0, WHOLE, 2, BLOCKED},
    {"an answer cut short",             PROXY_ANSWER_CUT, RAW, 0, WHOLE, 2, BLOCKED},
    /* (No row for an answer that is no BSON: libmongoc 1.23 does not check it and crashes.) */
    {"an answer that counts nothing",   PROXY_ANSWER_EMPTY, RAW, 0, WHOLE, 2, BLOCKED},
    {"no answer in time",               PROXY_SILENCE, RAW, 0, WHOLE, 2, BLOCKED},
    {"closed in reading windows",       PROXY_CLOSE_BEFORE, LOADS, 0, NOBODY, 2, BLOCKED},
    {"closed before windows",           PROXY_CLOSE_BEFORE, NEW, 0, NOBODY, 2, BLOCKED},
    {"closed after windows",            PROXY_CLOSE_AFTER, NEW, 0, NOBODY, 2, BLOCKED},
    {"closed halfway through windows",  PROXY_CLOSE_HALFWAY, NEW, 0, NOBODY, 2, BLOCKED},
    {"closed after last states",        PROXY_CLOSE_AFTER, DEVICES, 0, NOBODY, 2, BLOCKED},
    {"closed before the ledger",        PROXY_CLOSE_BEFORE, LEDGER, 0, NOBODY, 2, BLOCKED},
    {"closed after the ledger",         PROXY_CLOSE_AFTER, LEDGER, 0, NOBODY, 2, BLOCKED},
    {"windows refused for good",        PROXY_ITEM_ERROR, NEW, 121, NOBODY, 3, BLOCKED},
    {"10107 on the ledger",             PROXY_COMMAND_ERROR, LEDGER, 10107, NOBODY, 1, BLOCKED},
};
/* clang-format on */

enum { CASES = sizeof cases / sizeof *cases };

/* --- one case --------------------------------------------------------------------------------- */

static struct trial {
    const struct fault_case *c;
    struct proxy *proxy;
    struct mongo *mongo;
    struct sink_mongo *owner;
    struct stage stage;
} trial;

static struct sink_mongo *new_sink(struct mongo *m)
{
    return sink_mongo_new(&(struct sink_mongo_options){.mongo = m,
                                                       .topic = "telemetry.raw",
                                                       .raw = "telemetry_raw",
                                                       .windows = "aggregated_data",
                                                       .devices = "devices",
                                                       .ledger = "ledger"});
}

static void open_trials(void)
{
    char url[160];
    trial.proxy = proxy_new(fix.host, (uint16_t)fix.port);
    snprintf(url, sizeof url,
             "mongodb://127.0.0.1:%u/?directConnection=true&socketTimeoutMS=400"
             "&serverSelectionTimeoutMS=1500&connectTimeoutMS=1000",
             proxy_port(trial.proxy));
    const struct mongo_options options = {.url = url, .database = fix.database, .max_clients = 2};
    MUST(mongo_new(&trial.mongo, &options, E));
    trial.owner = new_sink(trial.mongo);
}

static void close_trials(void)
{
    sink_mongo_free(trial.owner);
    mongo_free(trial.mongo);
    proxy_free(trial.proxy);
}

static void begin_trial(struct trial *t, const struct fault_case *c)
{
    struct sink sink = sink_mongo_port(t->owner);
    t->c = c;
    MUST(store_schema_identify(fix.direct, EPOCH_MS, E));
    stage_open_on(&t->stage, &sink);
    for (int i = 0; i < RECORDS; i++)
        stage_append(&t->stage, i);
}

/* What is to be there before: by another pipeline's hand, or from another place of the log. */
static void prepare(const struct trial *t)
{
    if (t->c->outcome != REPLAYED && t->c->outcome != DOUBLED)
        return;
    for (int i = 0; i < RECORDS; i++) {
        struct reading r;
        struct reading_problems problems = {0};
        struct reading_rules rules = {.mode = READING_CANONICAL, .now_ms = EPOCH_MS + 1000};
        if (!(t->c->who >> i & 1))
            continue;
        ck_assert_int_eq(reading_decode(&r, span_str(t->stage.value[i]), &rules, &problems), 0);
        struct sink_raw raw = {.reading = &r, .id = reading_id(&r), .offset = i};
        raw.partition = t->c->outcome == DOUBLED ? 7 : 0;
        MUST(fixture_insert(&raw, 1, E));
    }
}

static bool is_written(const struct stage *s)
{
    return s->committed == RECORDS;
}

/* Until it is written; what blocks without end is lifted once it was seen to. */
static void run(struct trial *t)
{
    struct stage *s = &t->stage;
    const struct fault_case *c = t->c;
    proxy_play(t->proxy, &(struct proxy_script){.act = c->act,
                                                .command = c->command,
                                                .collection = c->collection,
                                                .code = c->code,
                                                .blamed = c->who,
                                                .times = c->times});
    for (int i = 0; i < 200000 && !is_written(s); i++) {
        pipeline_step(s->pipeline);
        if (c->outcome == BLOCKED && c->times == 0 && s->blocked == 3)
            proxy_play(t->proxy, &(struct proxy_script){.act = PROXY_PASS});
    }
    ck_assert_msg(is_written(s), "%s: at %lld, %s", c->name, (long long)s->committed, s->why);
}

static int bits(unsigned who)
{
    return __builtin_popcount(who);
}

static void check_letters(const struct trial *t)
{
    const struct fault_case *c = t->c;
    bool dead = c->outcome == REFUSED || c->outcome == EXHAUSTED;
    const char *reason = c->outcome == EXHAUSTED                ? "retries_exhausted"
                         : c->code == 10334 || c->code == 17280 ? "too_large"
                                                                : "store_refused";
    ck_assert_msg((int)t->stage.letters == (dead ? bits(c->who) : 0), "%s: %zu letters", c->name,
                  t->stage.letters);
    for (size_t i = 0; i < t->stage.letters; i++) {
        const struct dead_letter *d = &t->stage.letter[i];
        ck_assert_msg(c->who >> d->offset & 1, "%s: a letter for %d", c->name, (int)d->offset);
        ck_assert_str_eq(d->reason, reason);
        ck_assert_int_eq(d->class, c->outcome == EXHAUSTED ? DEAD_EXHAUSTED : DEAD_POISON);
        ck_assert_msg(d->attempts == (c->outcome == EXHAUSTED ? 3 : 1), "%s: %u attempts", c->name,
                      d->attempts);
    }
}

static void check_store(const struct trial *t)
{
    const struct fault_case *c = t->c;
    bool dead = c->outcome == REFUSED || c->outcome == EXHAUSTED;
    int letters = dead ? bits(c->who) : 0, doubles = c->outcome == DOUBLED ? bits(c->who) : 0;
    struct ledger l;
    struct window w;
    window_init(&w, window_start(EPOCH_MS, WINDOW_DEFAULT_MS));
    struct sink_window item = {
        .device_id = span_str("a"), .sensor = span_str("humidity"), .window = &w};
    MUST(fix.sink.read_ledger(fix.sink.self, 0, &l, E));
    MUST(fix.sink.read_windows(fix.sink.self, &item, 1, E));
    ck_assert_msg(l.next_offset == RECORDS && (int)l.stored == RECORDS - letters - doubles &&
                      (int)l.dead == letters && (int)l.duplicate == doubles && l.gap == 0,
                  "%s: ledger %lld = %d stored, %d dead, %d duplicate", c->name,
                  (long long)l.next_offset, (int)l.stored, (int)l.dead, (int)l.duplicate);
    ck_assert_msg(fixture_count("telemetry_raw") == RECORDS - letters, "%s: %d documents", c->name,
                  (int)fixture_count("telemetry_raw"));
    uint64_t counted = item.found ? w.share[0].stats.count : 0;
    ck_assert_msg((int)counted == (int)l.stored, "%s: %d counted", c->name, (int)counted);
    window_deinit(&w);
}

START_TEST(each_fault_has_its_outcome)
{
    struct trial *t = &trial;
    begin_trial(t, &cases[_i]);
    prepare(t);
    run(t);
    check_letters(t);
    check_store(t);
    ck_assert_msg((t->stage.blocked > 0) == (t->c->outcome == BLOCKED), "%s: blocked %u times, %s",
                  t->c->name, t->stage.blocked, t->stage.why);
    ck_assert_msg(t->c->act == PROXY_PASS || proxy_spoiled(t->proxy) > 0 || t->c->times == 0,
                  "%s: nothing was spoiled", t->c->name);
    stage_close(&t->stage);
}
END_TEST

void fault_tests(TCase *tc)
{
    tcase_add_unchecked_fixture(tc, open_trials, close_trials);
    tcase_add_loop_test(tc, each_fault_has_its_outcome, 0, CASES);
}
