/* What comes of folding into a window or a last state where it lies packed. */
#ifndef WEIR_MODEL_PACK_FOLD_H
#define WEIR_MODEL_PACK_FOLD_H

enum pack_fold {
    PACK_FOLDED,
    PACK_REPLAY, /* it was folded in before: nothing has changed */
    PACK_UNFIT,  /* nothing has changed: unpack it, fold, and pack it */
};

#endif
