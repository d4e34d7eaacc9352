/* The process_* metrics that every Prometheus client exports, read from /proc. */
#include "common/obs/process_metrics.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* The fields of proc(5) after the command name, which may itself hold spaces and brackets. */
struct proc_stat {
    unsigned long utime, stime;   /* 14, 15: clock ticks */
    long threads;                 /* 20 */
    unsigned long long starttime; /* 22: clock ticks after boot */
    long rss;                     /* 24: pages */
};

static bool read_proc_stat(struct proc_stat *s)
{
    char text[1024];
    FILE *f = fopen("/proc/self/stat", "re");
    if (!f)
        return false;
    size_t len = fread(text, 1, sizeof text - 1, f);
    (void)fclose(f);
    text[len] = '\0';
    const char *rest = strrchr(text, ')');
    return rest && sscanf(rest + 1,
                          " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %*d %*d %*d %*d "
                          "%ld %*d %llu %*u %ld",
                          &s->utime, &s->stime, &s->threads, &s->starttime, &s->rss) == 5;
}

static double boot_time_s(void)
{
    FILE *f = fopen("/proc/stat", "re");
    if (!f)
        return 0;
    char line[4096];
    unsigned long long at = 0;
    while (fgets(line, sizeof line, f))
        if (sscanf(line, "btime %llu", &at) == 1)
            break;
    (void)fclose(f);
    return (double)at;
}

static int count_fds(void)
{
    DIR *d = opendir("/proc/self/fd");
    if (!d)
        return -1;
    int n = 0;
    while (readdir(d))
        n++;
    (void)closedir(d);
    return n - 3; /* ".", ".." and the directory itself */
}

/* Reads the numbers anew; what cannot be read keeps its last value. */
static void on_scrape(void *arg)
{
    const struct process_metrics *p = arg;
    struct proc_stat s = {0};
    double tick = (double)sysconf(_SC_CLK_TCK);
    if (read_proc_stat(&s)) {
        metric_set(p->cpu, NULL, (double)(s.utime + s.stime) / tick);
        metric_set(p->memory, NULL, (double)s.rss * (double)sysconf(_SC_PAGESIZE));
        metric_set(p->threads, NULL, (double)s.threads);
        if (metric_value(p->start_time, NULL) <= 0)
            metric_set(p->start_time, NULL, boot_time_s() + (double)s.starttime / tick);
    }
    int fds = count_fds();
    if (fds >= 0)
        metric_set(p->open_fds, NULL, fds);
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        metric_set(p->max_fds, NULL, (double)limit.rlim_cur);
}

void process_metrics_add(struct process_metrics *p, struct metrics *m)
{
    p->cpu = metrics_add(m, METRIC_COUNTER, "process_cpu_seconds_total",
                         "User and system CPU time spent in seconds.", NULL);
    p->memory = metrics_add(m, METRIC_GAUGE, "process_resident_memory_bytes",
                            "Resident memory in bytes.", NULL);
    p->open_fds = metrics_add(m, METRIC_GAUGE, "process_open_fds", "Open file descriptors.", NULL);
    p->max_fds =
        metrics_add(m, METRIC_GAUGE, "process_max_fds", "Limit of open file descriptors.", NULL);
    p->start_time = metrics_add(m, METRIC_GAUGE, "process_start_time_seconds",
                                "Start of the process in seconds since 1970 UTC.", NULL);
    p->threads = metrics_add(m, METRIC_GAUGE, "process_threads", "Threads of the process.", NULL);
    metrics_on_scrape(m, on_scrape, p);
}
