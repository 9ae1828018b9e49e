dispatch.o: src/web/dispatch.c src/base/banned.h src/web/web.h \
  src/db/db.h src/base/arena.h src/base/mem.h src/base/err.h \
  src/http/http.h src/base/ip.h src/web/route.h src/base/clock.h \
  src/account/session_cache.h src/account/session.h src/base/hash.h \
  src/base/id.h src/base/log.h src/base/text.h src/base/thread.h \
  src/http/forwarded.h src/service/hashing.h src/service/job.h \
  src/service/limit.h src/service/metric.h src/base/buf.h \
  src/service/metric_list.h src/service/setting.h \
  src/service/setting_list.h src/web/csrf.h src/web/req.h \
  src/account/role.h src/base/json.h src/service/audit.h \
  src/service/audit_list.h src/service/locale.h src/service/template.h \
  src/web/problem.h src/web/problem_list.h src/web/door.h \
  src/web/fields.h src/web/headers.h src/web/lane.h src/web/limits.h \
  src/web/page.h src/web/refusal.h src/web/statics.h

src/base/banned.h:

src/web/web.h:

src/db/db.h:

src/base/arena.h:

src/base/mem.h:

src/base/err.h:

src/http/http.h:

src/base/ip.h:

src/web/route.h:

src/base/clock.h:

src/account/session_cache.h:

src/account/session.h:

src/base/hash.h:

src/base/id.h:

src/base/log.h:

src/base/text.h:

src/base/thread.h:

src/http/forwarded.h:

src/service/hashing.h:

src/service/job.h:

src/service/limit.h:

src/service/metric.h:

src/base/buf.h:

src/service/metric_list.h:

src/service/setting.h:

src/service/setting_list.h:

src/web/csrf.h:

src/web/req.h:

src/account/role.h:

src/base/json.h:

src/service/audit.h:

src/service/audit_list.h:

src/service/locale.h:

src/service/template.h:

src/web/problem.h:

src/web/problem_list.h:

src/web/door.h:

src/web/fields.h:

src/web/headers.h:

src/web/lane.h:

src/web/limits.h:

src/web/page.h:

src/web/refusal.h:

src/web/statics.h:
