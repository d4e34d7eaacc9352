/* Processor time of this process, as the kernel accounts it. */
#ifndef WEIR_BENCH_CPU_SECONDS_H
#define WEIR_BENCH_CPU_SECONDS_H

#include <sys/resource.h>

/* User and system time of all threads. */
static inline double cpu_seconds(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

#endif
