/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The terminal. ncurses is loaded when the view opens, so that nothing else of aeod needs it, and found missing is a sentence, not a
 * program that does not start. Its header gives types and numbers of keys; its functions are called through the table below.
 */
#include <dlfcn.h>
#include <langinfo.h>
#include <locale.h>
#define NCURSES_NOMACROS
#include <ncurses.h>

#include "shown.h"
#include "top.h"

#define LIBRARY "libncursesw.so.6"

/* FUNCTION(result, name, arguments) */
#define FUNCTIONS                                                   \
	FUNCTION(SCREEN *, newterm, (const char *, FILE *, FILE *)) \
	FUNCTION(int, endwin, (void))                               \
	FUNCTION(char *, tigetstr, (const char *))                  \
	FUNCTION(void, delscreen, (SCREEN *))                       \
	FUNCTION(int, cbreak, (void))                               \
	FUNCTION(int, noecho, (void))                               \
	FUNCTION(int, nonl, (void))                                 \
	FUNCTION(int, curs_set, (int))                              \
	FUNCTION(int, set_escdelay, (int))                          \
	FUNCTION(int, keypad, (WINDOW *, bool))                     \
	FUNCTION(void, wtimeout, (WINDOW *, int))                   \
	FUNCTION(int, wgetch, (WINDOW *))                           \
	FUNCTION(int, getmaxx, (const WINDOW *))                    \
	FUNCTION(int, getmaxy, (const WINDOW *))                    \
	FUNCTION(int, werase, (WINDOW *))                           \
	FUNCTION(int, wmove, (WINDOW *, int, int))                  \
	FUNCTION(int, wattrset, (WINDOW *, int))                    \
	FUNCTION(int, waddnstr, (WINDOW *, const char *, int))      \
	FUNCTION(int, redrawwin, (WINDOW *))                        \
	FUNCTION(int, wrefresh, (WINDOW *))

struct screen {
	void *library;
#define FUNCTION(result, name, arguments) result(*name) arguments;
	FUNCTIONS
#undef FUNCTION
	WINDOW *window;
	SCREEN *terminal;
};

static bool load(struct screen *s, struct buf *ret_why)
{
	static const struct {
		const char *name;
		size_t at;
	} functions[] = {
#define FUNCTION(result, name, arguments) {#name, offsetof(struct screen, name)},
		FUNCTIONS
#undef FUNCTION
	};

	s->library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (!s->library) {
		buf__printf(ret_why, "the library " LIBRARY " is missing (package libncursesw6)");
		return false;
	}
	for (size_t i = 0; i < ARRAY_SIZE(functions); i++) {
		void *f = dlsym(s->library, functions[i].name);

		if (!f) {
			buf__printf(ret_why, LIBRARY " has no %s", functions[i].name);
			return false;
		}
		memcpy((char *)s + functions[i].at, &f, sizeof(f));
	}
	return true;
}

/* A terminal of no stated locale is taken for UTF-8, as almost all are; one of another locale gets ASCII. */
static void choose_characters(void)
{
	const char *had = setlocale(LC_CTYPE, "");

	if (!had || !strcmp(had, "C") || !strcmp(had, "POSIX"))
		(void)setlocale(LC_CTYPE, "C.UTF-8");
	shown__set_ascii(strcmp(nl_langinfo(CODESET), "UTF-8") != 0);
}

/* A terminal that cannot put its cursor somewhere (dumb, an editor's shell) shows no full screen. */
static bool can_move(struct screen *s)
{
	char name[] = "cup", *move = s->tigetstr(name);

	return move && move != (char *)-1;
}

static bool take_terminal(struct screen *s, struct buf *ret_why)
{
	const char *term = getenv("TERM");
	WINDOW **window;

	choose_characters();
	/* NULL for a terminal that it does not know, where initscr would end the program */
	s->terminal = term && *term ? s->newterm(term, stdout, stdin) : NULL;
	window = s->terminal && can_move(s) ? dlsym(s->library, "stdscr") : NULL;
	if (!window || !*window) {
		shown__set_ascii(false);
		buf__str(ret_why, "the terminal \"");
		buf__escape(ret_why, term ? term : "", term ? strlen(term) : 0);
		buf__str(ret_why, "\" (TERM) cannot show it");
		return false;
	}
	s->window = *window;
	(void)s->cbreak();
	(void)s->noecho();
	(void)s->nonl();
	(void)s->curs_set(0);
	(void)s->set_escdelay(50);
	(void)s->keypad(s->window, true);
	return true;
}

struct screen *screen__open(struct buf *ret_why)
{
	struct screen *s = calloc(1, sizeof(*s));

	if (s && load(s, ret_why) && take_terminal(s, ret_why))
		return s;
	return screen__close(s);
}

struct screen *screen__close(struct screen *s)
{
	if (!s)
		return NULL;
	if (s->terminal) {
		(void)s->endwin();
		s->delscreen(s->terminal);
	}
	/* never unloaded: it has handlers of signals */
	free(s);
	return NULL;
}

static void put_line(void *arg, int y, const char *text, enum look look)
{
	static const attr_t attributes[] = {
		[LOOK_PLAIN] = A_NORMAL,
		[LOOK_BOLD] = A_BOLD,
		[LOOK_DIM] = A_DIM,
		[LOOK_REVERSE] = A_REVERSE,
	};
	struct screen *s = arg;

	(void)s->wattrset(s->window, (int)attributes[look]);
	(void)s->wmove(s->window, y, 0);
	(void)s->waddnstr(s->window, text, -1);
	(void)s->wattrset(s->window, A_NORMAL);
}

struct canvas screen__canvas(struct screen *s)
{
	(void)s->werase(s->window);
	return (struct canvas){s->getmaxy(s->window), s->getmaxx(s->window), put_line, s};
}

void screen__flush(struct screen *s, bool whole)
{
	if (whole)
		(void)s->redrawwin(s->window);
	(void)s->wrefresh(s->window);
}

int screen__key(struct screen *s, int timeout_ms)
{
	static const struct {
		int curses, press;
	} keys[] = {
		{KEY_UP, PRESS_UP},
		{KEY_DOWN, PRESS_DOWN},
		{KEY_LEFT, PRESS_LEFT},
		{KEY_RIGHT, PRESS_RIGHT},
		{KEY_PPAGE, PRESS_PAGE_UP},
		{KEY_NPAGE, PRESS_PAGE_DOWN},
		{KEY_HOME, PRESS_HOME},
		{KEY_END, PRESS_END},
		{KEY_ENTER, PRESS_ENTER},
		{'\r', PRESS_ENTER},
		{'\n', PRESS_ENTER},
		{27, PRESS_ESCAPE},
		{KEY_RESIZE, PRESS_RESIZE},
		{127, PRESS_BACKSPACE},
		{KEY_BACKSPACE, PRESS_BACKSPACE},
		{8, PRESS_BACKSPACE},
	};
	int key;

	s->wtimeout(s->window, timeout_ms);
	key = s->wgetch(s->window);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (keys[i].curses == key)
			return keys[i].press;
	return key >= 0 && key < 256 ? key : PRESS_NONE;
}
