/* An immutable table of keys that several threads search at once, and how a key is found in it. */
#ifndef WEIR_AUTH_KEY_TABLE_H
#define WEIR_AUTH_KEY_TABLE_H

#include "common/auth/key_file.h"

struct key_table;

/* Takes over the contents of *f. The table begins with one reference. */
struct key_table *key_table_new(struct key_file *f);
struct key_table *key_table_ref(struct key_table *t);
void key_table_unref(struct key_table *t); /* NULL is allowed */

/* The key with this text, NULL when there is none. Whatever the text is (of no known id, with a
 * wrong secret, no key at all) this costs one SHA-256, the same number of steps and one comparison
 * in constant time. Lives as long as the table. */
const struct key_record *key_table_find(const struct key_table *t, struct span text);

void key_table_count(const struct key_table *t, int64_t now_ms, unsigned count[KEY_STATES]);

#endif
