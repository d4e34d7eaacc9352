/* weirctl key list: the keys of a file, as a table or as JSON. */
#include <string.h>

#include "common/auth/key_disk.h"
#include "common/auth/key_file.h"
#include "common/base/clock.h"
#include "common/base/timestamp.h"
#include "tools/ctl/key.h"

static const struct flag flags[] = {
    KEY_FILE_FLAG,
    {.name = "json", .help = "One JSON array, each key as in the file with its state."},
    {0},
};

/* --- as a table ------------------------------------------------------------------------------- */

/* Minutes are enough for people. */
static void print_time(FILE *out, int64_t ms, int64_t none)
{
    char text[TIMESTAMP_TEXT_MAX] = "-";
    if (ms != none)
        timestamp_format(ms, text);
    fprintf(out, "%-18.16s", text);
}

/* NUL-terminated until the next change. */
static const char *devices_of(const struct key_record *k, struct buf *text)
{
    buf_clear(text);
    for (unsigned i = 0; i < k->devices; i++)
        buf_printf(text, "%s%s", i > 0 ? "," : "", k->device[i]);
    if (k->devices == 0)
        buf_char(text, '*');
    return buf_cstr(text);
}

static int widest_id(const struct key_file *f)
{
    size_t most = API_KEY_ID_MIN;
    for (size_t i = 0; i < f->keys; i++)
        most = strlen(f->key[i].id) > most ? strlen(f->key[i].id) : most;
    return (int)most + 2;
}

static void print_table(FILE *out, const struct key_file *f, int64_t now_ms)
{
    struct buf text = {0};
    int id = widest_id(f);
    fprintf(out, "%-*s%-9s%-19s%-18s%-18s%-20s %s\n", id, "ID", "STATE", "SCOPES", "CREATED",
            "EXPIRES", "DEVICES", "NOTE");
    for (size_t i = 0; i < f->keys; i++) {
        const struct key_record *k = &f->key[i];
        char scopes[SCOPE_TEXT_MAX];
        scope_write(k->scopes, scopes);
        fprintf(out, "%-*s%-9s%-19s", id, k->id, key_state_name(key_record_state(k, now_ms)),
                scopes);
        print_time(out, k->created_at_ms, KEY_EVER);
        print_time(out, k->expires_at_ms, KEY_NEVER);
        fprintf(out, "%-20s %s\n", devices_of(k, &text), k->note ? k->note : "-");
    }
    buf_deinit(&text);
}

/* --- as JSON ---------------------------------------------------------------------------------- */

static void print_json(FILE *out, const struct key_file *f, int64_t now_ms)
{
    struct buf text = {0};
    for (size_t i = 0; i < f->keys; i++) {
        buf_str(&text, i > 0 ? ",\n" : "[");
        key_record_write(&f->key[i], &text);
        text.len--; /* the brace comes back behind the state */
        buf_printf(&text, ",\"state\":\"%s\"}",
                   key_state_name(key_record_state(&f->key[i], now_ms)));
    }
    buf_str(&text, f->keys > 0 ? "]\n" : "[]\n");
    (void)fwrite(text.data, 1, text.len, out);
    buf_deinit(&text);
}

static int run(const struct call *c)
{
    const char *path = call_flag(c, "file");
    struct key_file f = {0};
    struct key_stamp stamp;
    struct buf text = {0};
    struct err e = {0};
    struct clock clock = clock_system();
    int rc = key_disk_read(path, &text, &stamp, &e), status = CTL_OK;
    if (rc != 0)
        status = call_error(c, &e);
    else if (key_file_parse(&f, buf_view(&text), &e) != 0)
        status = call_fail(c, CTL_FAILED, "%s: %s", path, e.message);
    else
        (call_has(c, "json") ? print_json : print_table)(c->out, &f, clock_wall_ms(&clock));
    key_file_deinit(&f);
    buf_deinit(&text);
    return status == CTL_OK ? call_finish(c) : status;
}

const struct command command_key_list = {
    .name = "list",
    .summary = "shows the keys of a file: all but the keys themselves.",
    .flags = flags,
    .run = run,
    .help = "States: active; pending (not valid yet); expired; revoked. Times are UTC.\n",
};
