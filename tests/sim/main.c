/* Chooses the simulator by name. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/sabotage.h"
#include "tests/sim/sim.h"

/* In a build that has breakages: what they are named. */
static int list_breakages(void)
{
#ifdef WEIR_SABOTAGE
    for (enum breakage b = BREAK_NOTHING; b < BREAK_COUNT; b++)
        puts(breakage_name(b));
    return 0;
#else
    fprintf(stderr, "this build has no breakages: make SABOTAGE=1\n");
    return 2;
#endif
}

void sim_print_replay(const char *name, const char *sabotage, uint64_t seed)
{
    const char *prefix = "", *breakage = "";
#ifdef WEIR_SABOTAGE
    prefix = "BREAKAGE=";
    breakage = breakage_name(breakage_chosen);
#endif
    printf("replay: %s%s%s%s %s 1 %s %" PRIu64 "\n", prefix, breakage, *prefix ? " " : "",
           program_invocation_name, name, sabotage, seed);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "aggregator") == 0)
        return sim_aggregator(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "alerter") == 0)
        return sim_alerter(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "breakages") == 0)
        return list_breakages();
    fprintf(
        stderr,
        "usage: sim aggregator|alerter [SEEDS] [SABOTAGE] [FIRST_SEED]\n       sim breakages\n");
    return 2;
}
