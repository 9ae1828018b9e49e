/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which form of a word goes with a number: "1 hour" but "24 hours", and in Arabic six forms. The
 * rules are those of Unicode CLDR for whole numbers. A language without rules here is taken to
 * have two forms, like English; one whose catalogue gives a single form always uses that.
 */
#pragma once

#include <stddef.h>

/* The index of the form for the number written in digits, in the language with this tag: English
 * 0 one, 1 other; Arabic 0 zero, 1 one, 2 two, 3 few, 4 many, 5 other; Japanese and Chinese always
 * 0. What is no number takes the last form, as many do. */
size_t plural_form(const char *tag, const char *digits);
size_t plural_forms(const char *tag);
