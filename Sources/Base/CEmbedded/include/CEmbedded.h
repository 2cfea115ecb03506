#ifndef CEMBEDDED_H
#define CEMBEDDED_H

#include <stddef.h>

/* A file that is part of the program; it ends with the program, so nobody frees it. */
struct EmbeddedFile {
  const char *_Nonnull name;
  const unsigned char *_Nonnull bytes;
  size_t count;
};

/* digits.csv.gz. */
struct EmbeddedFile embedded_digits(void);

size_t embedded_recipe_count(void);

/* The recipe at `index` < embedded_recipe_count(), in the order of Recipes.h. */
struct EmbeddedFile embedded_recipe(size_t index);

#endif
