/* weirctl key revoke: an end to keys, for good. */
#include "common/app/suggest.h"
#include "common/auth/key_disk.h"
#include "common/auth/key_file.h"
#include "common/base/clock.h"
#include "tools/ctl/key.h"

static const struct flag flags[] = {KEY_FILE_FLAG, {0}};

static int unknown_id(const struct key_file *f, const char *id, struct err *e)
{
    struct suggest s = {.word = id};
    for (size_t i = 0; i < f->keys; i++)
        suggest_consider(&s, f->key[i].id);
    if (s.best)
        return err_set(e, ERR_NOT_FOUND, "there is no key %s; did you mean %s?", id, s.best);
    return err_set(e, ERR_NOT_FOUND, "there is no key %s", id);
}

/* All of them, or none. */
static int revoke(void *arg, struct key_file *f, struct err *e)
{
    const struct call *c = arg;
    struct clock clock = clock_system();
    for (unsigned i = 0; i < c->operands; i++) {
        struct key_record *k = key_file_find(f, span_str(c->operand[i]));
        if (!k)
            return unknown_id(f, c->operand[i], e);
        if (k->revoked_at_ms == KEY_NEVER) /* the first time is the one that counts */
            k->revoked_at_ms = clock_wall_ms(&clock);
    }
    return 0;
}

static int run(const struct call *c)
{
    struct err e = {0};
    struct call copy = *c;
    if (key_disk_edit(call_flag(c, "file"), false, revoke, &copy, &e) != 0)
        return call_error(c, &e);
    for (unsigned i = 0; i < c->operands; i++)
        fprintf(c->out, "%s is revoked\n", c->operand[i]);
    return call_finish(c);
}

const struct command command_key_revoke = {
    .name = "revoke",
    .summary = "makes keys useless, for good.",
    .flags = flags,
    .operands = "ID...",
    .run = run,
    .help =
        "The keys stay in the file with the time of their end, so that a request with one is\n"
        "told why it is refused. An id that does not exist changes nothing and is an error; one\n"
        "that is revoked already is none.\n",
};
