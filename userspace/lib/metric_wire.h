/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The binary form of a snapshot, between metric.c (writer) and metric_text.c (reader); both ends
 * run on one machine, so numbers lie in its own byte order, packed. It describes itself: an
 * exporter of another release reads it.
 *
 *   u32 magic, u16 version, u16 families, then each family:
 *     u8 type, u8 k0, u8 finite buckets (0 unless a histogram), u8 name bytes, u8 unit bytes,
 *     u8 zero, u16 help bytes, u32 series, name, unit, help, then each series:
 *       u16 label bytes, u16 exemplars, labels,
 *       doubles: the value, or: the finite buckets (each its own count, not summed up), the one
 *       above them, the sum in seconds
 *       each exemplar, in order of bucket: u8 bucket, u8 label bytes, double value, double wall
 *       time in seconds, labels
 */
#ifndef AEO_METRIC_WIRE_H
#define AEO_METRIC_WIRE_H

#define SNAP_MAGIC 0x4d4f4541u
#define SNAP_VERSION 1
#define SNAP_LABELS 2048u /* bytes of labels; longer ones get no series of their own */
/* the format allows 128 characters of names and values; punctuation beside them */
#define SNAP_EXEMPLAR_LABELS 135u

struct snap_head {
	uint32_t magic;
	uint16_t version, families;
};

struct snap_family {
	uint8_t type, k0, buckets, name_len, unit_len, zero;
	uint16_t help_len;
	uint32_t series;
};
_Static_assert(sizeof(struct snap_family) == 12, "no hole in a family");

struct snap_series {
	uint16_t labels_len, exemplars;
};

/* Values of a series: one, or the buckets, the one above them, and the sum. */
static inline size_t snap__values(uint8_t buckets)
{
	return buckets ? buckets + 2u : 1u;
}

#endif
