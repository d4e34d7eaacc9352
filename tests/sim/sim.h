/* Deterministic simulations: seeded schedules of crashes, lost replies and rebalances, and what
 * must hold after all of them. */
#ifndef WEIR_TESTS_SIM_H
#define WEIR_TESTS_SIM_H

/* argv: SEEDS [SABOTAGE]. Each prints one line and returns an exit code: 0 = every seed holds. With
 * a sabotage the simulated world lies in one way, and a good simulation finds it: exit code 1. */
int sim_aggregator(int argc, char **argv);
int sim_alerter(int argc, char **argv);

#endif
