/* Deterministic simulations: seeded schedules of crashes, lost replies and rebalances, and what
 * must hold after all of them. */
#ifndef WEIR_TESTS_SIM_H
#define WEIR_TESTS_SIM_H

#include <stdint.h>

/* argv after the name: [SEEDS [SABOTAGE [FIRST_SEED]]]. Each prints one line and returns an exit
 * code: 0 = every seed holds. With a sabotage the simulated world lies in one way, and a simulation
 * that is worth something notices: 0 = a seed broke, 1 = none did. 2 = wrong usage. */
int sim_aggregator(int argc, char **argv);
int sim_alerter(int argc, char **argv);

/* The one command that runs this seed again. */
void sim_print_replay(const char *name, const char *sabotage, uint64_t seed);

#endif
