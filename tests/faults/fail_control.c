/* Counts calls and says which one fails. Uses no function that it may be called from. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/faults/fail_calls.h"

static struct fail_control *control;
static _Atomic int mapping; /* 0 not tried, 1 being tried, 2 tried */

/* At the first call that counts, because calls come before any constructor of ours. System calls
 * by number: the functions of these names are the ones that fail. */
static void map(void)
{
    int first = 0;
    const char *path = getenv("FAIL_CALLS");
    if (!atomic_compare_exchange_strong(&mapping, &first, 1))
        return;
    int fd = path ? (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0) : -1;
    if (fd >= 0) {
        void *p = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        struct fail_control *c = p == MAP_FAILED ? NULL : p;
        if (c && c->magic == FAIL_CALLS_MAGIC)
            control = c;
        syscall(SYS_close, fd);
    }
    mapping = 2;
}

static bool is_main_thread(void)
{
    static _Thread_local int known; /* 1 main, 2 another */
    if (known == 0)
        known = syscall(SYS_gettid) == syscall(SYS_getpid) ? 1 : 2;
    return known == 1;
}

/* The slot of this name; several threads may come for the first time at once. */
static int slot_of(struct fail_call *call)
{
    static atomic_flag busy = ATOMIC_FLAG_INIT;
    static int used;
    if (call->slot == 0) {
        while (atomic_flag_test_and_set(&busy))
            continue;
        if (call->slot == 0 && used < FAIL_CALLS_MAX) {
            strncpy(control->count[used].name, call->name, FAIL_CALLS_NAME - 1);
            call->slot = ++used;
        }
        atomic_flag_clear(&busy);
    }
    return call->slot - 1;
}

bool fail_now(struct fail_call *call, int *error)
{
    if (mapping != 2)
        map();
    if (!control)
        return false;
    bool is_main = is_main_thread();
    int slot = slot_of(call);
    if (slot < 0)
        return false;
    atomic_fetch_add(is_main ? &control->count[slot].main : &control->count[slot].others, 1);
    if (control->left <= 0 || !(control->threads & (is_main ? FAIL_MAIN : FAIL_OTHERS)) ||
        strncmp(control->name, call->name, FAIL_CALLS_NAME) != 0)
        return false;
    int64_t left = atomic_fetch_sub(&control->left, 1);
    if (left > 1 || left <= 0)
        return false;
    if (control->fired + 1 < control->times)
        control->left = 1;
    *error = control->error;
    atomic_fetch_add(&control->fired, 1);
    return true;
}
