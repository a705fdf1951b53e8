/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long 10,000 series take on one core: the sensor's snapshot of them, and the exporter's text, in both formats. Labels as long as
 * Kubernetes makes them; a third of the lines are of histograms, half of the single values have nine decimals, the worst case of their
 * writing. Prints the median of 41 rounds a line: name, milliseconds, goal. Fails when the text takes longer than 5 ms.
 */
#include "clock.h"
#include "metric.h"

#define SERIES 10000
#define ROUNDS 41
#define GOAL_MS 5.0

static void name_series(char *to, size_t n, size_t i)
{
	(void)snprintf(
		to, n,
		"cgroup=\"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod3f1c77d2_0e4e_4b8e_9c53_%012zx.slice/"
		"cri-containerd-%064zx.scope\",namespace=\"production\",workload=\"checkout\",pod=\"checkout-%zu\",container=\"app\"",
		i, i, i);
}

static void collect(struct metrics *m, size_t round)
{
	struct aeo_hist h = {.sum_ns = 123456789 + round};
	char labels[512];

	for (int k = 0; k < AEO_BUCKETS; k++)
		h.bucket[k] = (uint64_t)k * 1234 + round;
	metrics__begin(m);
	for (size_t i = 0; i < 175; i++) {
		name_series(labels, sizeof(labels), i);
		metrics__hist(m, METRIC_runqueue, labels, &h, NULL);
	}
	for (size_t i = 0; i < 3200; i++) {
		name_series(labels, sizeof(labels), i);
		metrics__add(m, METRIC_exec, labels, (double)(i * 7919 + round));
		metrics__add(m, METRIC_blocked, labels,
			     (double)(i * 7919 + round) / 1e9 + (double)i);
	}
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *v)
{
	qsort(v, ROUNDS, sizeof(*v), by_value);
	return v[ROUNDS / 2];
}

/* CPU time: what others do on the machine is not ours. */
static double now_ms(void)
{
	return (double)clock__ns(CLOCK_THREAD_CPUTIME_ID) / 1e6;
}

int main(void)
{
	static double end[ROUNDS], text[2][ROUNDS];
	struct metrics *m = metrics__new(SERIES * 2);
	double worst = 0;
	size_t bytes = 0;

	if (!m)
		return 1;
	for (int i = 0; i < METRIC_MAX; i++)
		metrics__set_cap(m, (enum metric_id)i, SERIES);
	for (size_t round = 0; round < ROUNDS; round++) {
		cleanup_buf struct buf snapshot = BUF_INIT;
		double t;

		collect(m, round);
		t = now_ms();
		if (metrics__end(m, &snapshot))
			return 1;
		end[round] = now_ms() - t;
		for (int format = 0; format < 2; format++) {
			cleanup_buf struct buf b = BUF_INIT;

			t = now_ms();
			if (metrics__render(snapshot.data, snapshot.len, (enum metric_format)format,
					    &b))
				return 1;
			text[format][round] = now_ms() - t;
			bytes = b.len;
		}
	}
	printf("series\t%zu\t%zu bytes of text\n", metrics__count(m), bytes);
	printf("snapshot_ms\t%.2f\t-\n", median(end));
	for (int format = 0; format < 2; format++) {
		double ms = median(text[format]);

		printf("render_%s_ms\t%.2f\t%.1f\n", format ? "openmetrics" : "prometheus", ms,
		       GOAL_MS);
		worst = MAX(worst, ms);
	}
	metrics__free(m);
	return worst > GOAL_MS;
}
