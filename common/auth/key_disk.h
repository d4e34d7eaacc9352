/* The keys file on disk: read whole, and replaced whole under a lock. */
#ifndef WEIR_AUTH_KEY_DISK_H
#define WEIR_AUTH_KEY_DISK_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/err.h"

/* What tells one version of a file from another. */
struct key_stamp {
    uint64_t device, inode; /* both 0: there is no such file */
    int64_t bytes, modified_ns;
};

struct key_stamp key_disk_stamp(const char *path);
bool key_stamp_same(const struct key_stamp *a, const struct key_stamp *b);

/* The whole file, at most KEY_FILE_BYTES_MAX. *stamp is that of what was read. ERR_NOT_FOUND,
 * ERR_IO, ERR_TOO_LARGE; the message begins with the path. */
WEIR_MUST_CHECK int key_disk_read(const char *path, struct buf *out, struct key_stamp *stamp,
                                  struct err *e);

struct key_file;
typedef int (*key_edit_fn)(void *arg, struct key_file *f, struct err *e);

/* Reads, lets `edit` change it and puts the result in its place: written beside it, synced,
 * renamed, so that a reader or a crash sees the old file or the new one. Two at once wait for each
 * other (ERR_TIMEOUT after 10 s). The owner stays, and so does the mode, less what everybody may; a
 * new file (`create`) has 0600. When `edit` fails nothing is written. */
WEIR_MUST_CHECK int key_disk_edit(const char *path, bool create, key_edit_fn edit, void *arg,
                                  struct err *e);

#endif
