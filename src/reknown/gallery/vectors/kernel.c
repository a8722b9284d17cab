/* Which rows of a gallery may be among the best for a probe: a scan of 8-bit codes with bounds.

   A row x is kept as x' = scale * c, with codes c in [-127, 127], and with error >= |x - x'|. A
   probe q is rounded in the same way to q', with |q - q'| = r. By the Cauchy-Schwarz inequality

       |<x, q> - <x', q'>| <= error * (|q| + r) + |x| * r,

   so a row whose upper bound stays below the lower bounds of k others is not among the k best, and
   all others are handed out to be compared exactly. None of the k best is ever lost.

   Layout: blocks of 16 rows. A block has, for each four dimensions, the 4 codes of row 0, those of
   row 1 ... of row 15: 64 bytes, each code + 128. Rows behind the last are there, but never read.

   Plain C without Python: called through ctypes, which gives up the interpreter's lock. */

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>
#define X86 1
#endif
#if defined(__aarch64__)
#include <arm_neon.h>
#if defined(__linux__)
#include <sys/auxv.h>
#endif
#define ARM 1
#endif

#define API __attribute__((visibility("default")))
#define INLINE static inline __attribute__((always_inline))

enum { BLOCK = 16, GROUP = 4, LANES = 8, ABREAST = 8, TILE_BYTES = 32768 };
/* Of what is smaller the inverse may not be finite. */
#define LEAST 1e-30f
enum { PORTABLE, AVX2, AVX512, NEON };

typedef struct {
    int64_t row;
    float upper;
} candidate;

/* What is known of one probe: the best lower bounds as a heap, worst first, and who may reach them. */
typedef struct {
    float cut;
    int64_t found;
    float *lowers;
    int64_t *subjects;
    int64_t count, room;
    candidate *candidates;
} finding;

typedef struct {
    int64_t probes, groups, k;
    int32_t distinct, owned_only, failed;
    int8_t *codes;  /* probes x groups x 4 */
    int32_t *offsets; /* 128 * sum of a probe's codes, by which its products are too large */
    float *scales, *factors, *slacks;
    finding *findings;
} scan;

typedef struct {
    const uint8_t *codes;
    const float *scales, *errors;
    const int64_t *subjects;
    const uint8_t *chosen; /* may be NULL: all */
    int64_t first, rows;
} slab;

/* ---- the lists ------------------------------------------------------------------------------ */

static void sink(finding *f, int64_t place) {
    for (;;) {
        int64_t child = 2 * place + 1;
        if (child >= f->found) return;
        if (child + 1 < f->found && f->lowers[child + 1] < f->lowers[child]) child++;
        if (f->lowers[place] <= f->lowers[child]) return;
        float lower = f->lowers[place];
        int64_t subject = f->subjects[place];
        f->lowers[place] = f->lowers[child], f->subjects[place] = f->subjects[child];
        f->lowers[child] = lower, f->subjects[child] = subject;
        place = child;
    }
}

static void rise(finding *f, int64_t place) {
    while (place > 0) {
        int64_t parent = (place - 1) / 2;
        if (f->lowers[parent] <= f->lowers[place]) return;
        float lower = f->lowers[place];
        int64_t subject = f->subjects[place];
        f->lowers[place] = f->lowers[parent], f->subjects[place] = f->subjects[parent];
        f->lowers[parent] = lower, f->subjects[parent] = subject;
        place = parent;
    }
}

/* A subject of 0 is a face without one: as many subjects as there are such faces. */
static void learn(const scan *s, finding *f, float lower, int64_t subject) {
    if (f->found == s->k && lower <= f->lowers[0]) return;
    if (s->distinct && subject) {
        for (int64_t i = 0; i < f->found; i++) {
            if (f->subjects[i] != subject) continue;
            if (lower > f->lowers[i]) f->lowers[i] = lower, sink(f, i);
            goto learnt;
        }
    }
    if (f->found < s->k) {
        f->lowers[f->found] = lower, f->subjects[f->found] = subject;
        rise(f, f->found++);
    } else {
        f->lowers[0] = lower, f->subjects[0] = subject;
        sink(f, 0);
    }
learnt:
    if (f->found == s->k && f->lowers[0] > f->cut) f->cut = f->lowers[0];
}

static void tidy(finding *f) {
    int64_t kept = 0;
    for (int64_t i = 0; i < f->count; i++)
        if (f->candidates[i].upper >= f->cut) f->candidates[kept++] = f->candidates[i];
    f->count = kept;
}

static void propose(scan *s, finding *f, int64_t row, float upper) {
    if (f->count == f->room) {
        tidy(f);
        if (f->count > f->room / 2) {
            int64_t room = 2 * f->room;
            candidate *grown = realloc(f->candidates, (size_t)room * sizeof *grown);
            if (!grown) {
                s->failed = 1;
                return;
            }
            f->candidates = grown, f->room = room;
        }
    }
    f->candidates[f->count++] = (candidate){row, upper};
}

static void consider(scan *s, int64_t probe, const slab *p, int64_t row, float score) {
    finding *f = s->findings + probe;
    float error = p->errors[row] * s->factors[probe] + s->slacks[probe];
    if (!(score + error >= f->cut)) return;
    if (p->chosen && !p->chosen[row]) return;
    int64_t subject = p->subjects[row];
    if (s->owned_only && !subject) return;
    propose(s, f, p->first + row, score + error);
    learn(s, f, score - error, subject);
}

INLINE int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

/* Whether any of so many rows is chosen. */
INLINE int any_chosen(const uint8_t *chosen, int64_t rows) {
    uint8_t any = 0;
    for (int64_t r = 0; r < rows; r++) any |= chosen[r];
    return any;
}

/* ---- products of one block with up to ABREAST probes, by kind of processor -------------------- */

typedef void products(const uint8_t *block, int64_t groups, const int8_t *probes, int64_t count,
                      int32_t *out);

static void products_portable(const uint8_t *block, int64_t groups, const int8_t *probes,
                              int64_t count, int32_t *out) {
    for (int64_t q = 0; q < count; q++) {
        int32_t sums[BLOCK] = {0};
        const int8_t *probe = probes + q * groups * GROUP;
        for (int64_t g = 0; g < groups; g++)
            for (int r = 0; r < BLOCK; r++)
                for (int i = 0; i < GROUP; i++)
                    sums[r] += block[(g * BLOCK + r) * GROUP + i] * probe[g * GROUP + i];
        memcpy(out + q * BLOCK, sums, sizeof sums);
    }
}

#ifdef X86
INLINE int32_t four(const int8_t *codes) {
    int32_t value;
    memcpy(&value, codes, sizeof value);
    return value;
}

#define VNNI __attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni")))

VNNI INLINE void vnni_one(const uint8_t *block, int64_t groups, const int8_t *probe, int32_t *out) {
    __m512i a = _mm512_setzero_si512(), b = a, c = a, d = a;
    int64_t g = 0;
    for (; g + 4 <= groups; g += 4) {
        const uint8_t *at = block + g * 64;
        a = _mm512_dpbusd_epi32(a, _mm512_loadu_si512(at), _mm512_set1_epi32(four(probe + g * 4)));
        b = _mm512_dpbusd_epi32(b, _mm512_loadu_si512(at + 64), _mm512_set1_epi32(four(probe + g * 4 + 4)));
        c = _mm512_dpbusd_epi32(c, _mm512_loadu_si512(at + 128), _mm512_set1_epi32(four(probe + g * 4 + 8)));
        d = _mm512_dpbusd_epi32(d, _mm512_loadu_si512(at + 192), _mm512_set1_epi32(four(probe + g * 4 + 12)));
    }
    for (; g < groups; g++)
        a = _mm512_dpbusd_epi32(a, _mm512_loadu_si512(block + g * 64),
                                _mm512_set1_epi32(four(probe + g * 4)));
    a = _mm512_add_epi32(_mm512_add_epi32(a, b), _mm512_add_epi32(c, d));
    _mm512_storeu_si512(out, a);
}

VNNI INLINE void vnni_eight(const uint8_t *block, int64_t groups, const int8_t *probes, int32_t *out) {
    int64_t stride = groups * GROUP;
    __m512i sums[ABREAST];
    for (int q = 0; q < ABREAST; q++) sums[q] = _mm512_setzero_si512();
    for (int64_t g = 0; g < groups; g++) {
        __m512i codes = _mm512_loadu_si512(block + g * 64);
        const int8_t *at = probes + g * GROUP;
#pragma GCC unroll 8
        for (int q = 0; q < ABREAST; q++)
            sums[q] = _mm512_dpbusd_epi32(sums[q], codes, _mm512_set1_epi32(four(at + q * stride)));
    }
    for (int q = 0; q < ABREAST; q++) _mm512_storeu_si512(out + q * BLOCK, sums[q]);
}

VNNI INLINE void products_vnni(const uint8_t *block, int64_t groups, const int8_t *probes,
                               int64_t count, int32_t *out) {
    if (count == ABREAST) {
        vnni_eight(block, groups, probes, out);
        return;
    }
    for (int64_t q = 0; q < count; q++)
        vnni_one(block, groups, probes + q * groups * GROUP, out + q * BLOCK);
}

#define HASWELL __attribute__((target("avx2,fma")))

HASWELL INLINE void avx2_one(const uint8_t *block, int64_t groups, const int8_t *probe, int32_t *out) {
    const __m256i flip = _mm256_set1_epi8((char)0x80), ones = _mm256_set1_epi16(1);
    __m256i low = _mm256_setzero_si256(), high = low;
    for (int64_t g = 0; g < groups; g++) {
        __m256i q = _mm256_set1_epi32(four(probe + g * GROUP)), size = _mm256_abs_epi8(q);
        __m256i one = _mm256_xor_si256(_mm256_loadu_si256((const __m256i *)(block + g * 64)), flip);
        __m256i two = _mm256_xor_si256(_mm256_loadu_si256((const __m256i *)(block + g * 64 + 32)), flip);
        /* |q| * (sign of q) x: at most 2 * 127 * 127, which 16 bits hold */
        one = _mm256_maddubs_epi16(size, _mm256_sign_epi8(one, q));
        two = _mm256_maddubs_epi16(size, _mm256_sign_epi8(two, q));
        low = _mm256_add_epi32(low, _mm256_madd_epi16(one, ones));
        high = _mm256_add_epi32(high, _mm256_madd_epi16(two, ones));
    }
    _mm256_storeu_si256((__m256i *)out, low);
    _mm256_storeu_si256((__m256i *)(out + 8), high);
}

HASWELL INLINE void avx2_four(const uint8_t *block, int64_t groups, const int8_t *probes, int32_t *out) {
    const __m256i flip = _mm256_set1_epi8((char)0x80), ones = _mm256_set1_epi16(1);
    int64_t stride = groups * GROUP;
    __m256i low[4], high[4];
    for (int q = 0; q < 4; q++) low[q] = high[q] = _mm256_setzero_si256();
    for (int64_t g = 0; g < groups; g++) {
        __m256i one = _mm256_xor_si256(_mm256_loadu_si256((const __m256i *)(block + g * 64)), flip);
        __m256i two = _mm256_xor_si256(_mm256_loadu_si256((const __m256i *)(block + g * 64 + 32)), flip);
        const int8_t *at = probes + g * GROUP;
#pragma GCC unroll 4
        for (int q = 0; q < 4; q++) {
            __m256i codes = _mm256_set1_epi32(four(at + q * stride)), size = _mm256_abs_epi8(codes);
            __m256i a = _mm256_maddubs_epi16(size, _mm256_sign_epi8(one, codes));
            __m256i b = _mm256_maddubs_epi16(size, _mm256_sign_epi8(two, codes));
            low[q] = _mm256_add_epi32(low[q], _mm256_madd_epi16(a, ones));
            high[q] = _mm256_add_epi32(high[q], _mm256_madd_epi16(b, ones));
        }
    }
    for (int q = 0; q < 4; q++) {
        _mm256_storeu_si256((__m256i *)(out + q * BLOCK), low[q]);
        _mm256_storeu_si256((__m256i *)(out + q * BLOCK + 8), high[q]);
    }
}

HASWELL INLINE void products_avx2(const uint8_t *block, int64_t groups, const int8_t *probes,
                                  int64_t count, int32_t *out) {
    int64_t q = 0;
    for (; q + 4 <= count; q += 4)
        avx2_four(block, groups, probes + q * groups * GROUP, out + q * BLOCK);
    for (; q < count; q++)
        avx2_one(block, groups, probes + q * groups * GROUP, out + q * BLOCK);
}
#endif

#ifdef ARM
#ifdef __clang__
#define DOTPROD __attribute__((target("dotprod")))
#else
#define DOTPROD __attribute__((target("arch=armv8.2-a+dotprod")))
#endif

DOTPROD INLINE void products_neon(const uint8_t *block, int64_t groups, const int8_t *probes,
                                  int64_t count, int32_t *out) {
    const uint8x16_t flip = vdupq_n_u8(0x80);
    int64_t stride = groups * GROUP;
    for (int64_t q = 0; q < count; q++) {
        int32x4_t sums[4] = {vdupq_n_s32(0), vdupq_n_s32(0), vdupq_n_s32(0), vdupq_n_s32(0)};
        for (int64_t g = 0; g < groups; g++) {
            int32_t codes;
            memcpy(&codes, probes + q * stride + g * GROUP, sizeof codes);
            int8x16_t probe = vreinterpretq_s8_s32(vdupq_n_s32(codes));
            for (int i = 0; i < 4; i++) {
                uint8x16_t rows = veorq_u8(vld1q_u8(block + g * 64 + i * 16), flip);
                sums[i] = vdotq_s32(sums[i], vreinterpretq_s8_u8(rows), probe);
            }
        }
        for (int i = 0; i < 4; i++) vst1q_s32(out + q * BLOCK + i * 4, sums[i]);
    }
}
#endif

/* ---- the scan, made once for each kind -------------------------------------------------------- */

/* `shifted` says that the products are of codes + 128. */
INLINE void look_through(scan *s, const slab *p, products *multiply, int shifted) {
    const int64_t bytes = s->groups * BLOCK * GROUP, blocks = (p->rows + BLOCK - 1) / BLOCK;
    const int64_t tile = TILE_BYTES / bytes > 0 ? TILE_BYTES / bytes : 1;
    int32_t sums[ABREAST * BLOCK];
    for (int64_t from = 0; from < blocks; from += tile) {
        const int64_t to = least(from + tile, blocks);
        for (int64_t probe = 0; probe < s->probes; probe += ABREAST) {
            const int64_t count = least(ABREAST, s->probes - probe);
            const int8_t *codes = s->codes + probe * s->groups * GROUP;
            for (int64_t b = from; b < to; b++) {
                const int64_t row = b * BLOCK, rows = least(BLOCK, p->rows - row);
                if (p->chosen && !any_chosen(p->chosen + row, rows)) continue;
                multiply(p->codes + b * bytes, s->groups, codes, count, sums);
                for (int64_t q = 0; q < count; q++) {
                    const float scale = s->scales[probe + q], factor = s->factors[probe + q];
                    const float cut = s->findings[probe + q].cut - s->slacks[probe + q];
                    const int32_t offset = shifted ? s->offsets[probe + q] : 0;
                    const int32_t *sum = sums + q * BLOCK;
                    float scores[BLOCK];
                    uint32_t near = 0;
                    for (int r = 0; r < BLOCK; r++) {
                        scores[r] = (float)(sum[r] - offset) * (p->scales[row + r] * scale);
                        near |= (uint32_t)(scores[r] + p->errors[row + r] * factor >= cut) << r;
                    }
                    if (rows < BLOCK) near &= (1u << rows) - 1;
                    for (; near; near &= near - 1) {
                        const int r = __builtin_ctz(near);
                        consider(s, probe + q, p, row + r, scores[r]);
                    }
                }
            }
        }
    }
}

static void run_portable(scan *s, const slab *p) { look_through(s, p, products_portable, 1); }
#ifdef X86
VNNI static void run_vnni(scan *s, const slab *p) { look_through(s, p, products_vnni, 1); }
HASWELL static void run_avx2(scan *s, const slab *p) { look_through(s, p, products_avx2, 0); }
#endif
#ifdef ARM
DOTPROD static void run_neon(scan *s, const slab *p) { look_through(s, p, products_neon, 0); }
#endif

/* ---- what Python calls ------------------------------------------------------------------------ */

/* The fastest kind that this processor has. */
API int32_t reknown_best_kind(void) {
#ifdef X86
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni"))
        return AVX512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return AVX2;
#endif
#ifdef ARM
#if defined(__linux__)
    if (getauxval(AT_HWCAP) & (1UL << 20)) return NEON; /* HWCAP_ASIMDDP */
#else
    return NEON; /* every Apple processor of this kind */
#endif
#endif
    return PORTABLE;
}

API void reknown_scan_free(scan *s) {
    if (!s) return;
    for (int64_t q = 0; s->findings && q < s->probes; q++) {
        free(s->findings[q].lowers), free(s->findings[q].subjects), free(s->findings[q].candidates);
    }
    free(s->findings), free(s->codes), free(s->offsets);
    free(s->scales), free(s->factors), free(s->slacks);
    free(s);
}

/* A scan for the k best of each probe that score `least_score` or more; NULL without memory.
   With `distinct` of the k best subjects, with `owned_only` of rows that have one. */
API scan *reknown_scan_new(int64_t probes, int64_t groups, const int8_t *codes, const float *scales,
                           const float *factors, const float *slacks, int64_t k, float least_score,
                           int32_t distinct, int32_t owned_only) {
    scan *s = calloc(1, sizeof *s);
    if (!s) return NULL;
    s->probes = probes, s->groups = groups, s->k = k;
    s->distinct = distinct, s->owned_only = owned_only;
    const size_t many = (size_t)probes, bytes = many * (size_t)groups * GROUP;
    s->codes = malloc(bytes), s->offsets = calloc(many, sizeof *s->offsets);
    s->scales = malloc(many * sizeof(float)), s->factors = malloc(many * sizeof(float));
    s->slacks = malloc(many * sizeof(float)), s->findings = calloc(many, sizeof(finding));
    if (!s->codes || !s->offsets || !s->scales || !s->factors || !s->slacks || !s->findings) goto fail;
    memcpy(s->codes, codes, bytes);
    memcpy(s->scales, scales, many * sizeof(float));
    memcpy(s->factors, factors, many * sizeof(float));
    memcpy(s->slacks, slacks, many * sizeof(float));
    for (size_t q = 0; q < many; q++) {
        finding *f = s->findings + q;
        f->cut = least_score, f->room = 256;
        f->lowers = malloc((size_t)k * sizeof(float)), f->subjects = malloc((size_t)k * sizeof(int64_t));
        f->candidates = malloc((size_t)f->room * sizeof(candidate));
        if (!f->lowers || !f->subjects || !f->candidates) goto fail;
        for (int64_t i = 0; i < groups * GROUP; i++)
            s->offsets[q] += 128 * s->codes[(int64_t)q * groups * GROUP + i];
    }
    return s;
fail:
    reknown_scan_free(s);
    return NULL;
}

/* Looks through `rows` rows, which are called `first` and so on; 0, or -1 without memory. */
API int32_t reknown_scan_run(scan *s, int32_t kind, const uint8_t *codes, const float *scales,
                             const float *errors, const int64_t *subjects, const uint8_t *chosen,
                             int64_t first, int64_t rows) {
    const slab p = {codes, scales, errors, subjects, chosen, first, rows};
    switch (kind) {
#ifdef X86
    case AVX512: run_vnni(s, &p); break;
    case AVX2: run_avx2(s, &p); break;
#endif
#ifdef ARM
    case NEON: run_neon(s, &p); break;
#endif
    default: run_portable(s, &p);
    }
    return s->failed ? -1 : 0;
}

/* How many rows may be among the best of a probe; `cut` is what the k-th of them reaches. */
API int64_t reknown_scan_count(scan *s, int64_t probe, float *cut) {
    tidy(s->findings + probe);
    *cut = s->findings[probe].cut;
    return s->findings[probe].count;
}

/* Their names and upper bounds. */
API void reknown_scan_take(const scan *s, int64_t probe, int64_t *rows, float *uppers) {
    const finding *f = s->findings + probe;
    for (int64_t i = 0; i < f->count; i++) rows[i] = f->candidates[i].row, uppers[i] = f->candidates[i].upper;
}

/* To the nearest whole number, of two the even one, for less than 2^22: in a row, where a processor
   rounds only through the library otherwise. */
INLINE float to_whole(float value) {
    const float shift = 12582912.0f; /* 1.5 * 2^23, whose neighbours are whole */
    return (value + shift) - shift;
}

/* `count` values, at most eight, of a row: eight sums in an order that is the same everywhere. */
INLINE void weigh(const float *x, int64_t count, float *largest, double *square) {
    for (int64_t l = 0; l < count; l++) {
        const float size = fabsf(x[l]);
        largest[l] = size > largest[l] ? size : largest[l];
        square[l] += (double)x[l] * x[l];
    }
}

INLINE void round_off(const float *x, int64_t count, float scale, float inverse, uint8_t *to, double *missing) {
    uint8_t codes[LANES];
    memset(codes, 128, sizeof codes);
    for (int64_t l = 0; l < count; l++) {
        const float code = to_whole(x[l] * inverse);
        const double rest = (double)x[l] - (double)(scale * code);
        codes[l] = (uint8_t)((int)code + 128);
        missing[l] += rest * rest;
    }
    memcpy(to, codes, GROUP);
    if (count > GROUP) memcpy(to + BLOCK * GROUP, codes + GROUP, GROUP);
}

/* Writes the codes of `rows` vectors into a slab of which `place` rows are taken.

   A row longer than `longest`, next to zero or not finite gets an infinite error: it is always
   compared exactly. */
API void reknown_encode(const float *vectors, int64_t rows, int64_t dimension, int64_t groups,
                        int64_t place, uint8_t *codes, float *scales, float *errors, double longest) {
    const int64_t whole = dimension / LANES * LANES, rest = dimension - whole;
    for (int64_t i = 0; i < rows; i++) {
        const float *x = vectors + i * dimension;
        const int64_t at = place + i, block = at / BLOCK, lane = at % BLOCK;
        uint8_t *to = codes + block * groups * BLOCK * GROUP + lane * GROUP;
        float most[LANES] = {0}, largest = 0;
        double squares[LANES] = {0}, lost[LANES] = {0}, square = 0, missing = 0;
        for (int64_t d = 0; d < whole; d += LANES) weigh(x + d, LANES, most, squares);
        weigh(x + whole, rest, most, squares);
        for (int l = 0; l < LANES; l++) {
            largest = fmaxf(largest, most[l]);
            square += squares[l];
        }
        if (!(isfinite(square) && square <= longest * longest && largest >= LEAST)) {
            for (int64_t g = 0; g < groups; g++) memset(to + g * BLOCK * GROUP, 128, GROUP);
            scales[at] = 0, errors[at] = INFINITY;
            continue;
        }
        const float scale = largest / 127.0f, inverse = 127.0f / largest;
        for (int64_t d = 0; d < whole; d += LANES)
            round_off(x + d, LANES, scale, inverse, to + d * BLOCK, lost);
        if (rest) round_off(x + whole, rest, scale, inverse, to + whole * BLOCK, lost);
        for (int l = 0; l < LANES; l++) missing += lost[l];
        scales[at] = scale;
        errors[at] = (float)(sqrt(missing) * (1 + 1e-6) + 1e-7);
    }
}

/* Adds up `bytes` bytes, 64 at a time: how fast memory can be read at all. For measurements. */
API uint64_t reknown_read(const uint8_t *from, int64_t bytes);
#ifdef X86
VNNI static uint64_t read_wide(const uint8_t *from, int64_t bytes) {
    __m512i a = _mm512_setzero_si512(), b = a, c = a, d = a;
    for (int64_t i = 0; i + 256 <= bytes; i += 256) {
        a = _mm512_xor_si512(a, _mm512_loadu_si512(from + i));
        b = _mm512_xor_si512(b, _mm512_loadu_si512(from + i + 64));
        c = _mm512_xor_si512(c, _mm512_loadu_si512(from + i + 128));
        d = _mm512_xor_si512(d, _mm512_loadu_si512(from + i + 192));
    }
    a = _mm512_xor_si512(_mm512_xor_si512(a, b), _mm512_xor_si512(c, d));
    return (uint64_t)_mm512_reduce_add_epi64(a);
}
#endif
API uint64_t reknown_read(const uint8_t *from, int64_t bytes) {
#ifdef X86
    if (reknown_best_kind() == AVX512) return read_wide(from, bytes);
#endif
    uint64_t sum = 0, value;
    for (int64_t i = 0; i + 8 <= bytes; i += 8) memcpy(&value, from + i, 8), sum ^= value;
    return sum;
}
