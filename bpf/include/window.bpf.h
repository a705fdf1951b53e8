/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* For pairs of programs that are attached only in sampling windows. */
#ifndef AEO_WINDOW_BPF_H
#define AEO_WINDOW_BPF_H

#include "probe.bpf.h"

/* Windows are shorter than this and at least as far apart: a start that is older belongs to an
 * earlier window, whose end was not seen. */
#define WINDOW_MAX_NS 100000000ULL

#endif
