-: src/service/template.h src/base/arena.h src/base/mem.h src/base/buf.h \
 src/base/err.h src/service/locale.h
src/base/arena.h:
src/base/mem.h:
src/base/buf.h:
src/base/err.h:
src/service/locale.h:
