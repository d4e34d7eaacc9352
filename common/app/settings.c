/* Checks of the settings that several daemons share. */
#include "common/app/settings.h"

#include <string.h>

#include "common/base/num.h"
#include "common/base/span.h"
#include "common/base/units.h"

void settings_check_auth(struct options *o, const struct settings_auth *s)
{
    if (s->api_key && !*s->api_key)
        options_error(o, "API_KEY", "is set, but empty");
    if (s->api_keys_file && !*s->api_keys_file)
        options_error(o, "API_KEYS_FILE", "is set, but empty");
}

int settings_valid_ttl(const char *text, struct err *e)
{
    int64_t ms;
    bool too_short = duration_parse(span_str(text), &ms) && ms > 0 && ms < 60000;
    return too_short ? err_set(e, ERR_INVALID, "must be 0 (kept for ever) or at least 1m") : 0;
}

static bool is_port(struct span text, int64_t min)
{
    int64_t port;
    return num_parse_i64(text, min, 65535, &port);
}

/* The text behind the last colon, or all of it. */
static struct span port_of(const char *text)
{
    const char *colon = strrchr(text, ':');
    return span_str(colon ? colon + 1 : text);
}

int settings_valid_listen(const char *text, struct err *e)
{
    const char *colon = strrchr(text, ':');
    bool ok = is_port(port_of(text), 0);
    if (ok && colon && colon != text) {
        bool bracketed = text[0] == '[' && colon[-1] == ']';
        ok = bracketed || memchr(text, ':', (size_t)(colon - text)) == NULL;
    }
    if (ok)
        return 0;
    return err_set(e, ERR_INVALID,
                   "\"%s\" is no address to listen on; allowed are HOST:PORT, [IPV6]:PORT, :PORT "
                   "and PORT",
                   text);
}

static bool is_broker(struct span text)
{
    const char *colon = memrchr(text.p, ':', text.len);
    if (!colon)
        return text.len > 0; /* port 9092 */
    size_t host = (size_t)(colon - text.p);
    return host > 0 && is_port(span_of(colon + 1, text.len - host - 1), 1);
}

int settings_valid_bootstrap(const char *text, struct err *e)
{
    for (const char *p = text;; p++) {
        size_t len = strcspn(p, ",");
        if (!is_broker(span_of(p, len)) || memchr(p, ' ', len))
            return err_set(e, ERR_INVALID, "\"%.*s\" is no broker; expected HOST:PORT", (int)len,
                           p);
        p += len;
        if (!*p)
            return 0;
    }
}

int settings_valid_topic(const char *text, struct err *e)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                  "0123456789._-";
    size_t len = strlen(text);
    if (len <= 249 && strspn(text, allowed) == len && strcmp(text, ".") != 0 &&
        strcmp(text, "..") != 0)
        return 0;
    return err_set(e, ERR_INVALID,
                   "\"%.40s\" is no topic name; allowed are 1 to 249 letters, digits, '.', '_' "
                   "and '-'",
                   text);
}

int settings_valid_mongo_url(const char *text, struct err *e)
{
    if (strncmp(text, "mongodb://", 10) == 0 || strncmp(text, "mongodb+srv://", 14) == 0)
        return 0;
    return err_set(e, ERR_INVALID, "expected mongodb://... or mongodb+srv://...");
}

int settings_valid_mongo_name(const char *text, struct err *e)
{
    if (strlen(text) <= 60 && !strpbrk(text, "$ \"/\\") && strncmp(text, "system.", 7) != 0)
        return 0;
    return err_set(e, ERR_INVALID, "\"%.40s\" is no name for a database or collection", text);
}
