/* SPDX-License-Identifier: Apache-2.0 */
/* The live view in its parts: what is known of each cgroup, how it is drawn, and the terminal it is drawn on. */
#ifndef AEO_CLI_TOP_H
#define AEO_CLI_TOP_H

#include "json.h"

/* ---- top_rows.c: the rows, with what they were in the last minute ---- */

enum measure {
	MEASURE_CPU,
	MEASURE_THROTTLED,
	MEASURE_IO,
	MEASURE_MEMORY,
	MEASURE_RETRANSMITS,
	MEASURES
};
#define SORT_NAME \
	MEASURES   /* rows are sorted by a measure or by name: the order of the words of -s */
#define HISTORY 60 /* snapshots that a row remembers */

struct measure_row {
	char key;	    /* that sorts by it */
	const char *head;   /* of its column */
	const char *member; /* in the daemon's answer */
	const char *what;
	bool seconds; /* seconds in each second, else a number a second */
	double least; /* a sparkline that stays below this is low */
};
extern const struct measure_row measure_rows[MEASURES];

struct top_row {
	uint64_t id;
	char *name, *cgroup;	       /* as the daemon escaped them; owned by the row */
	double v[MEASURES];	       /* NaN: the kernel does not tell */
	float past[MEASURES][HISTORY]; /* a ring; NaN: not known yet */
	uint64_t seen;		       /* number of the last snapshot that had it */
};

struct top;
struct top *top__new(void);
struct top *top__free(struct top *t);
/* Take one answer of the daemon. 0, -EPROTO when it has no rows, -ENOMEM. */
int top__take(struct top *t, const struct jval *answer);
/* Arrange the rows of the last snapshot: largest first, names in their order; `filter` is looked for in name and path, in upper or lower
 * case ("" for all). Number of rows. */
size_t top__arrange(struct top *t, size_t sort, const char *filter);
/* The i-th of them, NULL behind the last. Valid until the next top__take. */
const struct top_row *top__row(const struct top *t, size_t i);
/* Value of a row so many snapshots ago, NaN when unknown. */
double top__past(const struct top *t, const struct top_row *row, enum measure m, size_t ago);
/* Cgroups that there are: more than rows on a large node. */
uint64_t top__cgroups(const struct top *t);

/* ---- top_tasks.c: the tasks of one cgroup ---- */

struct top_task {
	uint64_t pid, tid;
	char comm[80], call[48], state[16]; /* as the daemon escaped them */
	double age_s, cpu_s, wait_s;
	double cpu, wait; /* seconds in each second since the answer before; NaN in the first */
};

#define TASKS_MAX 64
struct top_tasks {
	struct top_task row[TASKS_MAX];
	size_t n;
	uint64_t at_ns; /* CLOCK_MONOTONIC; 0: nothing yet */
};

/* Take one answer, at that time. 0 or -EPROTO. Those that waited most stand first. */
int top_tasks__take(struct top_tasks *t, const struct jval *answer, uint64_t now);

/* ---- top_view.c: what stands where ---- */

enum look { LOOK_PLAIN, LOOK_BOLD, LOOK_DIM, LOOK_REVERSE };

/* What lines are drawn on. Each line is at most `columns` wide and printable. */
struct canvas {
	int rows, columns;
	void (*line)(void *arg, int y, const char *text, enum look look);
	void *arg;
};

struct view {
	struct top *top;
	struct top_tasks *tasks;   /* of the row that is open; NULL: none is */
	char tasks_of[128];	   /* its name */
	const struct jval *status; /* the daemon's answers; NULL: none yet */
	const struct jval *line;
	double pressure
		[3]; /* cpu, io, memory: percent of the last 10 s; NaN: the kernel does not tell */
	size_t sort, shown, selected, first;
	uint64_t selected_id; /* the row stays selected where it goes */
	char filter[64];
	char note[128]; /* what happened: connection lost, and the like */
	bool typing, help, paused, quit_asked;
};

void view__draw(struct view *v, const struct canvas *c);
/* Rows that fit below the heads. */
size_t view__page(const struct canvas *c);

/* ---- top_screen.c: the terminal (ncurses, loaded when it is needed) ---- */

enum press {
	PRESS_NONE = -1,
	/* 0..255: the byte that was typed */
	PRESS_UP = 256,
	PRESS_DOWN,
	PRESS_LEFT,
	PRESS_RIGHT,
	PRESS_PAGE_UP,
	PRESS_PAGE_DOWN,
	PRESS_HOME,
	PRESS_END,
	PRESS_ENTER,
	PRESS_ESCAPE,
	PRESS_BACKSPACE,
	PRESS_RESIZE,
};

struct screen;
/* Take over the terminal. NULL after saying why in ret_why: no library, a terminal that it does not know. */
struct screen *screen__open(struct buf *ret_why);
/* Give it back as it was. Accepts NULL, returns NULL. */
struct screen *screen__close(struct screen *s);
/* The screen as it is now, empty. */
struct canvas screen__canvas(struct screen *s);
/* Show what was drawn; `whole`: also where others may have written. */
void screen__flush(struct screen *s, bool whole);
/* Wait for a key, at most so long. */
int screen__key(struct screen *s, int timeout_ms);

#endif
