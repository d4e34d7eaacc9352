/* The keys file on disk: read whole, and replaced whole under a lock. */
#include "common/auth/key_disk.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/auth/key_file.h"
#include "common/base/xmalloc.h"

enum { LOCK_TRIES = 500, LOCK_PAUSE_NS = 20 * 1000 * 1000, MODE_NEW = 0600, MODE_MOST = 0640 };

static int io_error(struct err *e, const char *what, const char *path)
{
    int code = errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
    return err_set(e, code, "%s: cannot %s: %s", path, what, strerror(errno));
}

/* --- reading ---------------------------------------------------------------------------------- */

static struct key_stamp stamp_of(const struct stat *st)
{
    return (struct key_stamp){.device = st->st_dev,
                              .inode = st->st_ino,
                              .bytes = st->st_size,
                              .modified_ns = (int64_t)st->st_mtim.tv_sec * 1000000000 +
                                             (int64_t)st->st_mtim.tv_nsec};
}

struct key_stamp key_disk_stamp(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? stamp_of(&st) : (struct key_stamp){0};
}

bool key_stamp_same(const struct key_stamp *a, const struct key_stamp *b)
{
    return a->device == b->device && a->inode == b->inode && a->bytes == b->bytes &&
           a->modified_ns == b->modified_ns;
}

static int read_fd(int fd, const char *path, struct buf *out, struct err *e)
{
    ssize_t n;
    do {
        n = read(fd, buf_reserve(out, 65536), 65536);
        if (n > 0)
            buf_commit(out, (size_t)n);
    } while ((n > 0 && out->len <= KEY_FILE_BYTES_MAX) || (n < 0 && errno == EINTR));
    if (n < 0)
        return io_error(e, "read", path);
    if (out->len > KEY_FILE_BYTES_MAX)
        return err_set(e, ERR_TOO_LARGE, "%s: is larger than 4MiB", path);
    return 0;
}

int key_disk_read(const char *path, struct buf *out, struct key_stamp *stamp, struct err *e)
{
    *stamp = (struct key_stamp){0};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO must not hold us up */
    if (fd < 0)
        return io_error(e, "open", path);
    struct stat st;
    int rc = fstat(fd, &st) == 0 ? 0 : io_error(e, "stat", path);
    if (rc == 0) {
        *stamp = stamp_of(&st); /* before reading: what is written meanwhile is seen as newer */
        rc = S_ISREG(st.st_mode) ? read_fd(fd, path, out, e)
                                 : err_set(e, ERR_IO, "%s: is not a regular file", path);
    }
    close(fd);
    return rc;
}

/* --- writing ---------------------------------------------------------------------------------- */

/* Everything about one replacement. */
struct edit {
    const char *path; /* for messages */
    char *target;     /* owned: without symbolic links */
    char *temporary;  /* owned: beside it */
    int directory;    /* locked: the file itself is another one after a rename */
};

/* Where the file is, or will be. */
static char *resolve(const char *path, bool create)
{
    char *real = realpath(path, NULL);
    if (real || errno != ENOENT || !create)
        return real;
    char *copy = xstrdup(path), *again = xstrdup(path), *joined = NULL;
    char *folder = realpath(dirname(copy), NULL);
    if (folder && asprintf(&joined, "%s/%s", folder, basename(again)) < 0)
        joined = NULL;
    free(copy), free(again), free(folder);
    return joined;
}

static int lock(struct edit *w, struct err *e)
{
    char *copy = xstrdup(w->target);
    w->directory = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(copy);
    if (w->directory < 0)
        return io_error(e, "open the folder", w->path);
    const struct timespec pause = {.tv_nsec = LOCK_PAUSE_NS};
    for (int i = 0; i < LOCK_TRIES; i++) {
        if (flock(w->directory, LOCK_EX | LOCK_NB) == 0)
            return 0;
        if (errno != EWOULDBLOCK && errno != EINTR)
            return io_error(e, "lock the folder", w->path);
        nanosleep(&pause, NULL);
    }
    return err_set(e, ERR_TIMEOUT, "%s: somebody else has locked its folder for 10 s", w->path);
}

static int write_all(int fd, struct span bytes)
{
    while (bytes.len > 0) {
        ssize_t n = write(fd, bytes.p, bytes.len);
        if (n < 0 && errno != EINTR)
            return -1;
        if (n > 0)
            bytes = span_of(bytes.p + n, bytes.len - (size_t)n);
    }
    return fsync(fd);
}

/* The owner stays: a daemon that runs as somebody else must go on being able to read it. */
static int give_owner(const struct edit *w, int fd)
{
    struct stat st;
    if (stat(w->target, &st) != 0)
        return errno == ENOENT ? fchmod(fd, MODE_NEW) : -1;
    if ((st.st_uid != geteuid() || st.st_gid != getegid()) && fchown(fd, st.st_uid, st.st_gid) != 0)
        return -1;
    return fchmod(fd, (st.st_mode & MODE_MOST) | MODE_NEW);
}

static int replace(struct edit *w, struct span bytes, struct err *e)
{
    if (asprintf(&w->temporary, "%s.XXXXXX", w->target) < 0)
        return io_error(e, "name a file beside it", w->path);
    int fd = mkostemp(w->temporary, O_CLOEXEC);
    if (fd < 0)
        return io_error(e, "write beside it", w->path);
    int rc = 0;
    if (give_owner(w, fd) != 0)
        rc = io_error(e, "keep its owner", w->path);
    else if (write_all(fd, bytes) != 0)
        rc = io_error(e, "write", w->path);
    if (close(fd) != 0 && rc == 0)
        rc = io_error(e, "write", w->path);
    if (rc == 0 && rename(w->temporary, w->target) != 0)
        rc = io_error(e, "replace", w->path);
    if (rc != 0)
        unlink(w->temporary);
    else if (fsync(w->directory) != 0)
        rc = io_error(e, "sync the folder", w->path);
    return rc;
}

static int load(const struct edit *w, bool create, struct key_file *f, struct err *e)
{
    struct buf text = {0};
    struct key_stamp stamp;
    struct err why = {0};
    int rc = key_disk_read(w->target, &text, &stamp, &why);
    if (rc == ERR_NOT_FOUND && create)
        rc = 0;
    else if (rc == 0 && (rc = key_file_parse(f, buf_view(&text), &why)) != 0)
        err_set(e, rc, "%s: %s", w->path, why.message);
    else if (rc != 0)
        err_set(e, rc, "%s", why.message);
    buf_deinit(&text);
    return rc;
}

static int edit_locked(struct edit *w, bool create, key_edit_fn edit, void *arg, struct err *e)
{
    struct key_file f = {0};
    struct buf text = {0};
    int rc = load(w, create, &f, e);
    if (rc == 0)
        rc = edit(arg, &f, e);
    if (rc == 0)
        key_file_write(&f, &text);
    if (rc == 0 && text.len > KEY_FILE_BYTES_MAX)
        rc = err_set(e, ERR_TOO_LARGE, "%s: would be larger than 4MiB", w->path);
    if (rc == 0)
        rc = replace(w, buf_view(&text), e);
    buf_deinit(&text);
    key_file_deinit(&f);
    return rc;
}

int key_disk_edit(const char *path, bool create, key_edit_fn edit, void *arg, struct err *e)
{
    struct edit w = {.path = path, .directory = -1, .target = resolve(path, create)};
    int rc = w.target ? lock(&w, e) : io_error(e, "open", path);
    if (rc == 0)
        rc = edit_locked(&w, create, edit, arg, e);
    if (w.directory >= 0)
        close(w.directory); /* and unlocked */
    free(w.temporary);
    free(w.target);
    return rc;
}
