/* weirctl key create: a new key, shown once. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "common/auth/key_disk.h"
#include "common/auth/key_file.h"
#include "common/base/clock.h"
#include "common/base/timestamp.h"
#include "common/base/units.h"
#include "common/base/xmalloc.h"
#include "tools/ctl/key.h"

static const struct flag flags[] = {
    KEY_FILE_FLAG,
    {.name = "scopes",
     .value = "LIST",
     .required = true,
     .help = "What the key may be used for, with commas: ingest (send readings), read (the query "
             "API), admin (change what operators can change). None includes another."},
    {.name = "devices",
     .value = "PATTERNS",
     .repeats = true,
     .help =
         "Which devices, with commas: ids in which '*' stands for any run of bytes. Without it: "
         "every device."},
    {.name = "expires",
     .value = "WHEN",
     .fallback = "never",
     .help =
         "A time from now such as 90d or 12h, a moment such as 2027-01-31T00:00:00Z, or never."},
    {.name = "not-before",
     .value = "WHEN",
     .help = "The key is good from then on: a time from now, or a moment."},
    {.name = "note", .value = "TEXT", .help = "For people: whose key this is. At most 256 bytes."},
    {0},
};

/* --- reading the flags ------------------------------------------------------------------------ */

/* Calls `take` for each part between commas. */
static int each_part(const char *list,
                     int (*take)(struct key_record *k, const char *part, struct err *e),
                     struct key_record *k, struct err *e)
{
    char *copy = xstrdup(list), *rest = copy, *part;
    int rc = 0;
    while (rc == 0 && (part = strsep(&rest, ",")))
        rc = take(k, part, e);
    free(copy);
    return rc;
}

static int take_scope(struct key_record *k, const char *part, struct err *e)
{
    unsigned scope = scope_parse(span_str(part));
    if (!scope)
        return err_set(e, ERR_INVALID, "--scopes: \"%s\" is none of %s", part, scope_names);
    k->scopes |= scope;
    return 0;
}

static int take_device(struct key_record *k, const char *part, struct err *e)
{
    struct err why = {0};
    if (key_file_check_pattern(span_str(part), &why) != 0)
        return err_set(e, ERR_INVALID, "--devices: \"%s\" %s", part, why.message);
    if (k->devices == KEY_PATTERNS_MAX)
        return err_set(e, ERR_TOO_LARGE, "--devices: at most %d patterns", KEY_PATTERNS_MAX);
    key_record_add_device(k, part);
    return 0;
}

static int take_devices(const struct call *c, struct key_record *k, struct err *e)
{
    int rc = 0;
    for (unsigned i = 0; i < c->givens && rc == 0; i++)
        if (strcmp(c->given[i].flag->name, "devices") == 0)
            rc = each_part(c->given[i].value, take_device, k, e);
    return rc;
}

static int take_time(const char *flag, const char *text, int64_t now_ms, int64_t *out,
                     struct err *e)
{
    int64_t from_now;
    if (duration_parse(span_str(text), &from_now) && from_now <= TIMESTAMP_MAX_MS - now_ms)
        *out = now_ms + from_now;
    else if (!timestamp_parse(span_str(text), out))
        return err_set(e, ERR_INVALID,
                       "--%s: \"%s\" is neither a time from now such as 90d nor a moment such as "
                       "2027-01-31T00:00:00Z",
                       flag, text);
    return 0;
}

static int take_times(const struct call *c, struct key_record *k, struct err *e)
{
    int64_t now_ms = k->created_at_ms;
    const char *expires = call_flag(c, "expires"), *not_before = call_flag(c, "not-before");
    int rc = 0;
    if (strcmp(expires, "never") != 0)
        rc = take_time("expires", expires, now_ms, &k->expires_at_ms, e);
    if (rc == 0 && not_before)
        rc = take_time("not-before", not_before, now_ms, &k->not_before_ms, e);
    if (rc == 0 && k->expires_at_ms <= now_ms)
        rc = err_set(e, ERR_INVALID, "--expires: \"%s\" is over already", expires);
    if (rc == 0 && k->expires_at_ms <= k->not_before_ms)
        rc = err_set(e, ERR_INVALID, "--expires must be later than --not-before");
    return rc;
}

static int take_note(const struct call *c, struct key_record *k, struct err *e)
{
    const char *note = call_flag(c, "note");
    struct err why = {0};
    if (!note)
        return 0;
    if (key_file_check_note(span_str(note), &why) != 0)
        return err_set(e, ERR_INVALID, "--note %s", why.message);
    k->note = xstrdup(note);
    return 0;
}

static int describe(const struct call *c, struct key_record *k, struct err *e)
{
    struct clock clock = clock_system();
    k->created_at_ms = clock_wall_ms(&clock);
    int rc = each_part(call_flag(c, "scopes"), take_scope, k, e);
    if (rc == 0)
        rc = take_devices(c, k, e);
    if (rc == 0)
        rc = take_times(c, k, e);
    return rc == 0 ? take_note(c, k, e) : rc;
}

/* --- making it -------------------------------------------------------------------------------- */

struct making {
    struct key_record *record;
    char text[API_KEY_LEN + 1];
};

/* Under the lock of the file, so that the id is new. */
static int make(void *arg, struct key_file *f, struct err *e)
{
    struct making *m = arg;
    uint8_t random[API_KEY_RANDOM_BYTES];
    struct span id;
    do {
        if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
            return err_set(e, ERR_IO, "the kernel gives no random bytes: %s", strerror(errno));
        api_key_make(random, m->text, &id);
    } while (key_file_find(f, id));
    explicit_bzero(random, sizeof random);
    snprintf(m->record->id, sizeof m->record->id, "%.*s", (int)id.len, id.p);
    hash_sha256(m->text, API_KEY_LEN, m->record->sha256);
    return key_file_add(f, m->record, e);
}

/* The key goes to standard output alone, all that is said about it to standard error. */
static int show(const struct call *c, const char *key, const char *id)
{
    fprintf(c->out, "%s\n", key);
    int status = call_finish(c);
    if (status != CTL_OK)
        return call_fail(c, status, "nobody has seen the key; revoke it: %s", id);
    fprintf(c->err, "The id of the key is %s. It is shown this once; %s keeps only its hash.\n", id,
            call_flag(c, "file"));
    return CTL_OK;
}

static int run(const struct call *c)
{
    struct key_record record;
    struct making m = {.record = &record};
    struct err e = {0};
    char id[API_KEY_ID_MAX + 1];
    int status;
    key_record_init(&record);
    if (describe(c, &record, &e) != 0) {
        status = call_fail(c, CTL_USAGE, "%s", e.message);
    } else if (key_disk_edit(call_flag(c, "file"), true, make, &m, &e) != 0) {
        status = call_error(c, &e);
    } else {
        snprintf(id, sizeof id, "%.8s", m.text + 3);
        status = show(c, m.text, id);
    }
    explicit_bzero(m.text, sizeof m.text);
    key_record_deinit(&record);
    return status;
}

const struct command command_key_create = {
    .name = "create",
    .summary = "makes a new key and prints it once.",
    .flags = flags,
    .run = run,
    .help =
        "The key alone is written to standard output, so that a script can keep it; the keys file\n"
        "gets its SHA-256. The file is made when it is not there, with mode 0600. It is replaced\n"
        "as a whole and keeps its owner; two weirctl at once wait for each other.\n"
        "\n"
        "Examples\n"
        "  weirctl key create --file keys.json --scopes ingest --devices 'dev-1*' --expires 90d\n"
        "  weirctl key create --file keys.json --scopes read --note 'wall display' > display.key\n",
};
