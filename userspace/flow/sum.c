/* SPDX-License-Identifier: Apache-2.0 */
/* Arithmetic on histograms and call counters, field by field. */
#include "priv.h"

void hist__add(struct aeo_hist *to, const struct aeo_hist *from)
{
	for (size_t i = 0; i < AEO_BUCKETS; i++)
		to->bucket[i] += from->bucket[i];
	to->sum_ns += from->sum_ns;
}

void hist__sub(struct aeo_hist *to, const struct aeo_hist *from)
{
	for (size_t i = 0; i < AEO_BUCKETS; i++)
		to->bucket[i] -= MIN(from->bucket[i], to->bucket[i]);
	to->sum_ns -= MIN(from->sum_ns, to->sum_ns);
}

void hist__rise(struct aeo_hist *to, const struct aeo_hist *now)
{
	for (size_t i = 0; i < AEO_BUCKETS; i++)
		to->bucket[i] = MAX(to->bucket[i], now->bucket[i]);
	to->sum_ns = MAX(to->sum_ns, now->sum_ns);
}

#define EACH_FIELD(op)                               \
	do {                                         \
		op(calls);                           \
		for (size_t i = 0; i < ERR_MAX; i++) \
			op(err[i]);                  \
		op(restarts);                        \
		op(sleep_ns);                        \
		op(runnable_ns);                     \
	} while (0)

void call__add(struct aeo_call *to, const struct aeo_call *from)
{
#define ADD(field) to->field += from->field
	EACH_FIELD(ADD);
#undef ADD
}

void call__sub(struct aeo_call *to, const struct aeo_call *from)
{
#define SUB(field) to->field -= MIN(from->field, to->field)
	EACH_FIELD(SUB);
#undef SUB
}

void call__rise(struct aeo_call *to, const struct aeo_call *now)
{
#define RISE(field) to->field = MAX(to->field, now->field)
	EACH_FIELD(RISE);
#undef RISE
}

double hist__quantile(const struct aeo_hist *h, double q)
{
	uint64_t n = 0, seen = 0;

	for (size_t i = 0; i < AEO_BUCKETS; i++)
		n += h->bucket[i];
	for (size_t i = 0; n && i < AEO_BUCKETS; i++) {
		seen += h->bucket[i];
		if ((double)seen >= q * (double)n)
			return (double)(1ULL << i) * 1e-6;
	}
	return 0;
}
