/* Chooses the simulator by name. */
#include <stdio.h>
#include <string.h>

#include "tests/sim/sim.h"

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "aggregator") == 0)
        return sim_aggregator(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "alerter") == 0)
        return sim_alerter(argc - 1, argv + 1);
    fprintf(stderr, "usage: sim aggregator|alerter [SEEDS] [SABOTAGE] [FIRST_SEED]\n");
    return 2;
}
