test.o: test/test.c src/base/banned.h test/test.h src/base/arena.h \
  src/base/mem.h src/base/err.h src/base/text.h src/base/clock.h \
  src/base/log.h

src/base/banned.h:

test/test.h:

src/base/arena.h:

src/base/mem.h:

src/base/err.h:

src/base/text.h:

src/base/clock.h:

src/base/log.h:
