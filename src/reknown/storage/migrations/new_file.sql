CREATE TABLE access_keys (
	key_id TEXT NOT NULL, 
	name TEXT NOT NULL, 
	secret BLOB NOT NULL, 
	rights TEXT NOT NULL, 
	created_at TEXT NOT NULL, 
	expires_at TEXT, purpose TEXT, 
	PRIMARY KEY (key_id)
);
CREATE TABLE accounts (
	name TEXT NOT NULL, 
	role TEXT NOT NULL, 
	collections TEXT NOT NULL, 
	password TEXT NOT NULL, 
	code_secret BLOB, 
	code_step BIGINT DEFAULT 0 NOT NULL, 
	failures INTEGER DEFAULT 0 NOT NULL, 
	blocked_until TEXT, 
	created_at TEXT NOT NULL, 
	PRIMARY KEY (name)
);
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0034');
CREATE TABLE collection_tags (
	collection_id INTEGER NOT NULL, 
	"key" TEXT NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY (collection_id, "key"), 
	FOREIGN KEY(collection_id) REFERENCES collections (id) ON DELETE CASCADE
);
CREATE TABLE collections (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	name TEXT NOT NULL, 
	pack TEXT NOT NULL, 
	fingerprint TEXT NOT NULL, 
	dimension INTEGER NOT NULL, 
	created_at TEXT NOT NULL, 
	revision BIGINT NOT NULL, pruned BIGINT DEFAULT 0 NOT NULL, replaced BIGINT DEFAULT 0 NOT NULL, face_count BIGINT DEFAULT '0' NOT NULL, user_count BIGINT DEFAULT '0' NOT NULL, sealing_key BIGINT, 
	UNIQUE (name)
);
CREATE TABLE consents (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	collection_id INTEGER NOT NULL, 
	user_id INTEGER, 
	subject_id TEXT NOT NULL, 
	given_at TEXT NOT NULL, 
	recorded_by TEXT NOT NULL, 
	text_sha256 TEXT NOT NULL, 
	basis TEXT NOT NULL, 
	expires_at TEXT, 
	withdrawn_at TEXT, 
	FOREIGN KEY(collection_id) REFERENCES collections (id) ON DELETE CASCADE, 
	FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE SET NULL
);
CREATE TABLE deleted_faces (
	collection_id INTEGER NOT NULL, 
	revision BIGINT NOT NULL, 
	face INTEGER NOT NULL, 
	PRIMARY KEY (collection_id, revision, face), 
	FOREIGN KEY(collection_id) REFERENCES collections (id) ON DELETE CASCADE
)
 WITHOUT ROWID

;
CREATE TABLE evaluations (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	evaluation_id TEXT NOT NULL, 
	collection_id INTEGER NOT NULL, 
	kind TEXT NOT NULL, 
	pack TEXT NOT NULL, 
	about TEXT NOT NULL, 
	actor TEXT NOT NULL, 
	state TEXT NOT NULL, 
	message TEXT, 
	done INTEGER DEFAULT '0' NOT NULL, 
	total INTEGER NOT NULL, 
	created_at TEXT NOT NULL, 
	seen_at TEXT NOT NULL, 
	finished_at TEXT, 
	report BLOB, 
	figures BLOB, 
	calibration TEXT, 
	UNIQUE (evaluation_id), 
	FOREIGN KEY(collection_id) REFERENCES collections (id) ON DELETE CASCADE
);
CREATE TABLE event_deliveries (
	sink TEXT NOT NULL, 
	watch TEXT NOT NULL, 
	delivered BIGINT NOT NULL, 
	attempts INTEGER DEFAULT '0' NOT NULL, 
	due_at TEXT NOT NULL, 
	lease TEXT, 
	error TEXT, refusals INTEGER DEFAULT '0' NOT NULL, 
	PRIMARY KEY (sink, watch)
);
CREATE TABLE event_failures (
	sequence INTEGER NOT NULL, 
	sink TEXT NOT NULL, 
	attempts INTEGER NOT NULL, 
	error TEXT NOT NULL, 
	given_up_at TEXT NOT NULL, 
	PRIMARY KEY (sequence, sink), 
	FOREIGN KEY(sequence) REFERENCES live_events (sequence) ON DELETE CASCADE
);
CREATE TABLE events (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	at TEXT NOT NULL, 
	actor TEXT NOT NULL, 
	operation TEXT NOT NULL, 
	collection TEXT, 
	detail TEXT NOT NULL
, request_id TEXT, kind TEXT, version INTEGER DEFAULT 0 NOT NULL, purpose TEXT);
CREATE TABLE faces (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	face_id TEXT NOT NULL, 
	collection_id INTEGER NOT NULL, 
	image_id INTEGER NOT NULL, 
	user_id INTEGER, 
	box_left DOUBLE NOT NULL, 
	box_top DOUBLE NOT NULL, 
	box_width DOUBLE NOT NULL, 
	box_height DOUBLE NOT NULL, 
	confidence DOUBLE NOT NULL, 
	quality INTEGER NOT NULL, 
	external_id TEXT, 
	template BLOB NOT NULL, 
	created_at TEXT NOT NULL, revision BIGINT DEFAULT 0 NOT NULL, magnitude DOUBLE, sealing_key BIGINT, sealed_names BLOB, 
	UNIQUE (face_id), 
	FOREIGN KEY(collection_id) REFERENCES collections (id) ON DELETE CASCADE, 
	FOREIGN KEY(image_id) REFERENCES images (id) ON DELETE CASCADE, 
	FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE SET NULL
);
CREATE TABLE groups_apart (
	first INTEGER NOT NULL, 
	second INTEGER NOT NULL, 
	PRIMARY KEY (first, second), 
	FOREIGN KEY(first) REFERENCES sighting_groups (id) ON DELETE CASCADE, 
	FOREIGN KEY(second) REFERENCES sighting_groups (id) ON DELETE CASCADE
);
CREATE TABLE groups_not_users (
	group_id INTEGER NOT NULL, 
	user_id INTEGER NOT NULL, 
	PRIMARY KEY (group_id, user_id), 
	FOREIGN KEY(group_id) REFERENCES sighting_groups (id) ON DELETE CASCADE, 
	FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE
)
 WITHOUT ROWID

;
CREATE TABLE images (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	collection_id INTEGER NOT NULL, 
	sha256 TEXT NOT NULL, 
	name TEXT NOT NULL, 
	width INTEGER NOT NULL, 
	height INTEGER NOT NULL, origin TEXT, origin_key TEXT, 
	UNIQUE (collection_id, sha256), 
	FOREIGN KEY(collection_id) REFERENCES collections (id) ON DELETE CASCADE
);
CREATE TABLE index_snapshots (
	digest TEXT NOT NULL, 
	collection_id INTEGER NOT NULL, 
	revision BIGINT NOT NULL, 
	pruned BIGINT NOT NULL, 
	written_at TEXT NOT NULL, sealing_key BIGINT, 
	PRIMARY KEY (digest), 
	FOREIGN KEY(collection_id) REFERENCES collections (id) ON DELETE CASCADE
);
CREATE TABLE job_notices (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	job_id TEXT NOT NULL, 
	channel TEXT NOT NULL, 
	target TEXT NOT NULL, 
	body TEXT NOT NULL, 
	attempts INTEGER DEFAULT '0' NOT NULL, 
	due_at TEXT, 
	created_at TEXT NOT NULL, 
	error TEXT
);
CREATE TABLE job_parts (
	job INTEGER NOT NULL, 
	ordering TEXT NOT NULL, 
	number INTEGER NOT NULL, 
	entries INTEGER NOT NULL, 
	data BLOB NOT NULL, 
	PRIMARY KEY (job, ordering, number), 
	FOREIGN KEY(job) REFERENCES jobs (id) ON DELETE CASCADE
);
CREATE TABLE jobs (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	job_id TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	actor TEXT NOT NULL, 
	collection TEXT, 
	request TEXT NOT NULL, 
	state TEXT NOT NULL, 
	message TEXT, 
	info TEXT, 
	attempts INTEGER DEFAULT '0' NOT NULL, 
	lease TEXT, 
	leased_until TEXT, 
	created_at TEXT NOT NULL, 
	finished_at TEXT, 
	expires_at TEXT NOT NULL, 
	UNIQUE (job_id)
);
CREATE TABLE key_uses (
	process TEXT NOT NULL, 
	beat BIGINT NOT NULL, 
	uses TEXT NOT NULL, 
	PRIMARY KEY (process)
);
CREATE TABLE ledger_checkpoints (
	size BIGINT NOT NULL, 
	at TEXT NOT NULL, 
	note TEXT NOT NULL, 
	PRIMARY KEY (size)
);
CREATE TABLE ledger_heads (
	name TEXT NOT NULL, 
	origin TEXT NOT NULL, 
	size BIGINT NOT NULL, 
	root BLOB NOT NULL, 
	frontier BLOB NOT NULL, 
	note TEXT, 
	kept_size BIGINT DEFAULT '0' NOT NULL, 
	kept_at TEXT, 
	PRIMARY KEY (name)
);
INSERT INTO "ledger_heads" VALUES('ledger','reknown.local/' || lower(hex(randomblob(16))) || '',0,X'E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855',X'',NULL,0,NULL);
CREATE TABLE ledger_leaves (
	position BIGINT NOT NULL, 
	event_id BIGINT NOT NULL, 
	hash BLOB NOT NULL, 
	PRIMARY KEY (position)
);
CREATE TABLE ledger_nodes (
	level INTEGER NOT NULL, 
	position BIGINT NOT NULL, 
	hash BLOB NOT NULL, 
	PRIMARY KEY (level, position)
);
CREATE TABLE ledger_quota_holders (
	actor TEXT NOT NULL, 
	holders TEXT NOT NULL, 
	PRIMARY KEY (actor)
);
CREATE TABLE ledger_quotas (
	holders TEXT NOT NULL, 
	period TEXT NOT NULL, 
	measure TEXT NOT NULL, 
	most BIGINT NOT NULL, 
	since TEXT NOT NULL, 
	used BIGINT NOT NULL, 
	PRIMARY KEY (holders, period, measure)
);
CREATE TABLE live_events (
	sequence INTEGER NOT NULL, 
	collection_id INTEGER NOT NULL, 
	watch TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	visit TEXT NOT NULL, 
	at TEXT NOT NULL, 
	body TEXT NOT NULL, 
	PRIMARY KEY (sequence), 
	FOREIGN KEY(collection_id) REFERENCES collections (id) ON DELETE CASCADE
);
CREATE TABLE live_looks (
	public_key TEXT NOT NULL, 
	watch_id INTEGER NOT NULL, 
	actor TEXT NOT NULL, 
	asked_at TEXT NOT NULL, 
	recorded_at TEXT NOT NULL, 
	taken_at TEXT, 
	sealed BLOB, 
	PRIMARY KEY (public_key), 
	FOREIGN KEY(watch_id) REFERENCES watches (id) ON DELETE CASCADE
);
CREATE TABLE live_sequence (
	id INTEGER NOT NULL, 
	last BIGINT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "live_sequence" VALUES(1,0);
CREATE TABLE media (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	collection_id INTEGER NOT NULL, 
	sha256 TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	name TEXT NOT NULL, 
	taken_at TEXT, 
	taken_from TEXT, 
	width INTEGER DEFAULT '0' NOT NULL, 
	height INTEGER DEFAULT '0' NOT NULL, 
	problem TEXT DEFAULT '' NOT NULL, 
	fingerprint TEXT NOT NULL, 
	seen_at TEXT NOT NULL, 
	UNIQUE (collection_id, sha256), 
	FOREIGN KEY(collection_id) REFERENCES collections (id) ON DELETE CASCADE
);
CREATE TABLE media_files (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	collection_id INTEGER NOT NULL, 
	medium_id INTEGER NOT NULL, 
	folder TEXT NOT NULL, 
	name TEXT NOT NULL, 
	size BIGINT NOT NULL, 
	modified_ns BIGINT NOT NULL, 
	UNIQUE (collection_id, folder, name), 
	FOREIGN KEY(collection_id) REFERENCES collections (id) ON DELETE CASCADE, 
	FOREIGN KEY(medium_id) REFERENCES media (id) ON DELETE CASCADE
);
CREATE TABLE policies (
	collection INTEGER NOT NULL, 
	document TEXT NOT NULL, 
	set_at TEXT NOT NULL, 
	PRIMARY KEY (collection), 
	FOREIGN KEY(collection) REFERENCES collections (id) ON DELETE CASCADE
);
CREATE TABLE released_keys (
	kind TEXT NOT NULL, 
	number BIGINT NOT NULL, 
	PRIMARY KEY (kind, number)
)
 WITHOUT ROWID

;
CREATE TABLE request_horizons (
	name TEXT NOT NULL, 
	moment TEXT NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "request_horizons" VALUES('nonces','');
CREATE TABLE request_nonces (
	nonce TEXT NOT NULL, 
	expires_at TEXT NOT NULL, 
	PRIMARY KEY (nonce)
);
CREATE TABLE request_tokens (
	actor TEXT NOT NULL, 
	operation TEXT NOT NULL, 
	token TEXT NOT NULL, 
	request TEXT NOT NULL, 
	answer TEXT NOT NULL, 
	expires_at TEXT NOT NULL, 
	PRIMARY KEY (actor, operation, token)
);
CREATE TABLE review_candidates (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	case_key INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	face INTEGER, 
	rank INTEGER, 
	score DOUBLE NOT NULL, 
	similarity DOUBLE, 
	opinion TEXT, sighting INTEGER REFERENCES sightings (id) ON DELETE SET NULL, 
	UNIQUE (case_key, number), 
	FOREIGN KEY(case_key) REFERENCES review_cases (id) ON DELETE CASCADE, 
	FOREIGN KEY(face) REFERENCES faces (id) ON DELETE SET NULL
);
CREATE TABLE review_cases (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	case_id TEXT NOT NULL, 
	collection_id INTEGER NOT NULL, 
	search BIGINT NOT NULL, 
	searcher TEXT NOT NULL, 
	probe_kind TEXT NOT NULL, 
	probe_sha256 TEXT, 
	probe_number INTEGER NOT NULL, 
	probe_quality INTEGER, 
	bound DOUBLE, 
	reviewers INTEGER NOT NULL, 
	salt TEXT NOT NULL, 
	state TEXT NOT NULL, 
	round INTEGER NOT NULL, 
	outcome TEXT, 
	opened_at TEXT NOT NULL, 
	decided_at TEXT, 
	expires_at TEXT, 
	UNIQUE (case_id), 
	FOREIGN KEY(collection_id) REFERENCES collections (id) ON DELETE CASCADE
);
CREATE TABLE review_judgements (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	review INTEGER NOT NULL, 
	candidate INTEGER NOT NULL, 
	opinion TEXT NOT NULL, 
	grounds TEXT NOT NULL, 
	note_sha256 TEXT, 
	made_at TEXT NOT NULL, 
	UNIQUE (review, candidate), 
	FOREIGN KEY(candidate) REFERENCES review_candidates (id) ON DELETE CASCADE, 
	FOREIGN KEY(review) REFERENCES reviews (id) ON DELETE CASCADE
);
CREATE TABLE "review_notes" (
	judgement INTEGER NOT NULL, 
	face INTEGER, 
	text TEXT NOT NULL, sighting INTEGER REFERENCES sightings (id) ON DELETE CASCADE, 
	PRIMARY KEY (judgement), 
	FOREIGN KEY(face) REFERENCES faces (id) ON DELETE CASCADE, 
	FOREIGN KEY(judgement) REFERENCES review_judgements (id) ON DELETE CASCADE
);
CREATE TABLE reviewers (
	actor TEXT NOT NULL, 
	trained_until TEXT NOT NULL, 
	collections TEXT NOT NULL, 
	added_at TEXT NOT NULL, 
	PRIMARY KEY (actor)
);
CREATE TABLE reviews (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	case_key INTEGER NOT NULL, 
	reviewer TEXT NOT NULL, 
	round INTEGER NOT NULL, 
	adjudicating BOOLEAN NOT NULL, 
	seed TEXT NOT NULL, 
	salt TEXT NOT NULL, 
	started_at TEXT NOT NULL, 
	finished_at TEXT, 
	UNIQUE (case_key, reviewer), 
	FOREIGN KEY(case_key) REFERENCES review_cases (id) ON DELETE CASCADE
);
CREATE TABLE score_counts (
	collection INTEGER NOT NULL, 
	space TEXT NOT NULL, 
	part TEXT NOT NULL, 
	bin INTEGER NOT NULL, 
	seen BIGINT NOT NULL, 
	PRIMARY KEY (collection, space, part, bin), 
	FOREIGN KEY(collection) REFERENCES collections (id) ON DELETE CASCADE
);
CREATE TABLE score_drifts (
	collection INTEGER NOT NULL, 
	space TEXT NOT NULL, 
	at TEXT NOT NULL, 
	distance DOUBLE NOT NULL, 
	bound DOUBLE NOT NULL, 
	shift DOUBLE NOT NULL, 
	PRIMARY KEY (collection), 
	FOREIGN KEY(collection) REFERENCES collections (id) ON DELETE CASCADE
);
CREATE TABLE search_approvals (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	approval_id TEXT NOT NULL, 
	collection_id INTEGER NOT NULL, 
	searcher TEXT NOT NULL, 
	granted_by TEXT NOT NULL, 
	granted_at TEXT NOT NULL, 
	expires_at TEXT NOT NULL, 
	searches_left INTEGER NOT NULL, 
	reason TEXT NOT NULL, 
	UNIQUE (approval_id), 
	FOREIGN KEY(collection_id) REFERENCES collections (id) ON DELETE CASCADE
);
CREATE TABLE search_stops (
	scope TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	stopped_at TEXT NOT NULL, 
	PRIMARY KEY (scope)
);
CREATE TABLE search_targets (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	collection_id INTEGER NOT NULL, 
	target TEXT NOT NULL, 
	searched_at TEXT NOT NULL, 
	expires_at TEXT NOT NULL, 
	FOREIGN KEY(collection_id) REFERENCES collections (id) ON DELETE CASCADE
);
CREATE TABLE sighting_groups (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	collection_id INTEGER NOT NULL, 
	user_id INTEGER, 
	ignored BOOLEAN NOT NULL, 
	created_at TEXT NOT NULL, 
	FOREIGN KEY(collection_id) REFERENCES collections (id) ON DELETE CASCADE, 
	FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE SET NULL
);
CREATE TABLE sightings (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	sighting_id TEXT NOT NULL, 
	collection_id INTEGER NOT NULL, 
	medium_id INTEGER NOT NULL, 
	start_ms BIGINT NOT NULL, 
	end_ms BIGINT NOT NULL, 
	best_ms BIGINT NOT NULL, 
	box_left DOUBLE NOT NULL, 
	box_top DOUBLE NOT NULL, 
	box_width DOUBLE NOT NULL, 
	box_height DOUBLE NOT NULL, 
	confidence DOUBLE NOT NULL, 
	quality INTEGER NOT NULL, 
	fit BOOLEAN NOT NULL, 
	shots INTEGER NOT NULL, 
	template BLOB NOT NULL, 
	created_at TEXT NOT NULL, 
	expires_at TEXT, 
	pack TEXT NOT NULL, 
	fingerprint TEXT NOT NULL, 
	dimension INTEGER NOT NULL, 
	group_id INTEGER, 
	compared BOOLEAN DEFAULT 0 NOT NULL, sealing_key BIGINT, 
	UNIQUE (sighting_id), 
	FOREIGN KEY(collection_id) REFERENCES collections (id) ON DELETE CASCADE, 
	FOREIGN KEY(group_id) REFERENCES sighting_groups (id) ON DELETE SET NULL, 
	FOREIGN KEY(medium_id) REFERENCES media (id) ON DELETE CASCADE
);
CREATE TABLE sign_ins (
	digest TEXT NOT NULL, 
	actor TEXT NOT NULL, 
	account TEXT, 
	key_id TEXT, 
	link INTEGER NOT NULL, 
	created_at TEXT NOT NULL, 
	seen_at TEXT NOT NULL, 
	expires_at TEXT NOT NULL, 
	PRIMARY KEY (digest), 
	FOREIGN KEY(account) REFERENCES accounts (name) ON DELETE CASCADE, 
	FOREIGN KEY(key_id) REFERENCES access_keys (key_id) ON DELETE CASCADE
);
CREATE TABLE upgrade_losses (
	face INTEGER NOT NULL, 
	reason TEXT NOT NULL, 
	detail TEXT NOT NULL, 
	PRIMARY KEY (face), 
	FOREIGN KEY(face) REFERENCES faces (id) ON DELETE CASCADE
);
CREATE TABLE upgrade_templates (
	face INTEGER NOT NULL, 
	former_box_left DOUBLE NOT NULL, 
	former_box_top DOUBLE NOT NULL, 
	former_box_width DOUBLE NOT NULL, 
	former_box_height DOUBLE NOT NULL, 
	former_confidence DOUBLE NOT NULL, 
	former_quality INTEGER NOT NULL, 
	former_magnitude DOUBLE, 
	former_template BLOB NOT NULL, 
	target_box_left DOUBLE NOT NULL, 
	target_box_top DOUBLE NOT NULL, 
	target_box_width DOUBLE NOT NULL, 
	target_box_height DOUBLE NOT NULL, 
	target_confidence DOUBLE NOT NULL, 
	target_quality INTEGER NOT NULL, 
	target_magnitude DOUBLE, 
	target_template BLOB NOT NULL, 
	PRIMARY KEY (face), 
	FOREIGN KEY(face) REFERENCES faces (id) ON DELETE CASCADE
);
CREATE TABLE upgrades (
	collection INTEGER NOT NULL, 
	former_pack TEXT NOT NULL, 
	former_fingerprint TEXT NOT NULL, 
	former_dimension INTEGER NOT NULL, 
	target_pack TEXT NOT NULL, 
	target_fingerprint TEXT NOT NULL, 
	target_dimension INTEGER NOT NULL, 
	switched BOOLEAN NOT NULL, 
	ending BOOLEAN NOT NULL, 
	started_at TEXT NOT NULL, 
	PRIMARY KEY (collection), 
	FOREIGN KEY(collection) REFERENCES collections (id) ON DELETE CASCADE
);
CREATE TABLE users (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	collection_id INTEGER NOT NULL, 
	name_key TEXT NOT NULL, 
	created_at TEXT NOT NULL, subject_id TEXT DEFAULT '' NOT NULL, urls TEXT, known_gender TEXT, sealing_key BIGINT, sealed_names BLOB, 
	UNIQUE (collection_id, name_key), 
	FOREIGN KEY(collection_id) REFERENCES collections (id) ON DELETE CASCADE
);
CREATE TABLE users_apart (
	first INTEGER NOT NULL, 
	second INTEGER NOT NULL, 
	PRIMARY KEY (first, second), 
	FOREIGN KEY(first) REFERENCES users (id) ON DELETE CASCADE, 
	FOREIGN KEY(second) REFERENCES users (id) ON DELETE CASCADE
)
 WITHOUT ROWID

;
CREATE TABLE watch_claims (
	name TEXT NOT NULL, 
	collection TEXT NOT NULL, 
	holder TEXT NOT NULL, 
	claimed_until TEXT NOT NULL, 
	PRIMARY KEY (name)
);
CREATE TABLE watch_tags (
	watch_id INTEGER NOT NULL, 
	"key" TEXT NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY (watch_id, "key"), 
	FOREIGN KEY(watch_id) REFERENCES watches (id) ON DELETE CASCADE
);
CREATE TABLE watches (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	name TEXT NOT NULL, 
	camera TEXT NOT NULL, 
	collection TEXT NOT NULL, 
	settings TEXT NOT NULL, 
	actor TEXT NOT NULL, 
	wanted TEXT NOT NULL, 
	state TEXT NOT NULL, 
	message TEXT, 
	session TEXT, 
	lease TEXT, 
	leased_until TEXT, 
	attempts INTEGER DEFAULT '0' NOT NULL, 
	counts TEXT, 
	created_at TEXT NOT NULL, 
	updated_at TEXT NOT NULL, 
	started_at TEXT, 
	UNIQUE (name)
);
CREATE INDEX ix_users_order ON users (collection_id, id);
CREATE INDEX ix_faces_order ON faces (collection_id, id);
CREATE INDEX ix_faces_image ON faces (image_id);
CREATE INDEX ix_faces_user ON faces (user_id);
CREATE INDEX ix_faces_revision ON faces (collection_id, revision);
CREATE INDEX ix_request_nonces_expiry ON request_nonces (expires_at);
CREATE INDEX ix_request_tokens_expiry ON request_tokens (expires_at);
CREATE INDEX ix_jobs_open ON jobs (finished_at, leased_until);
CREATE INDEX ix_jobs_expiry ON jobs (expires_at);
CREATE INDEX ix_job_notices_due ON job_notices (due_at);
CREATE INDEX ix_events_time ON events (at, id);
CREATE INDEX ix_events_actor ON events (actor, id);
CREATE INDEX ix_events_operation ON events (operation, id);
CREATE INDEX ix_events_collection ON events (collection, id);
CREATE INDEX ix_events_request ON events (request_id, id);
CREATE UNIQUE INDEX ix_users_subject ON users (subject_id);
CREATE TRIGGER users_subject AFTER INSERT ON users WHEN new.subject_id = '' BEGIN
    UPDATE users SET subject_id = lower(
        hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2)
        || '-' || substr('89AB', 1 + (random() & 3), 1) || substr(hex(randomblob(2)), 2) || '-'
        || hex(randomblob(6))
    ) WHERE id = new.id;
END;
CREATE INDEX ix_media_files_medium ON media_files (medium_id);
CREATE INDEX ix_sighting_groups_order ON sighting_groups (collection_id, id);
CREATE INDEX ix_sighting_groups_user ON sighting_groups (user_id);
CREATE INDEX ix_groups_apart_second ON groups_apart (second);
CREATE INDEX ix_sightings_group ON sightings (group_id);
CREATE INDEX ix_sightings_order ON sightings (collection_id, id);
CREATE INDEX ix_sightings_medium ON sightings (medium_id);
CREATE INDEX ix_sightings_expiry ON sightings (expires_at);
CREATE INDEX ix_index_snapshots_collection ON index_snapshots (collection_id);
CREATE TRIGGER faces_insert_counted AFTER insert ON faces BEGIN
    UPDATE collections SET face_count = face_count + 1 WHERE id = new.collection_id;
END;
CREATE TRIGGER faces_delete_counted AFTER delete ON faces BEGIN
    UPDATE collections SET face_count = face_count - 1 WHERE id = old.collection_id;
END;
CREATE TRIGGER users_insert_counted AFTER insert ON users BEGIN
    UPDATE collections SET user_count = user_count + 1 WHERE id = new.collection_id;
END;
CREATE TRIGGER users_delete_counted AFTER delete ON users BEGIN
    UPDATE collections SET user_count = user_count - 1 WHERE id = old.collection_id;
END;
CREATE TRIGGER faces_noted AFTER DELETE ON faces BEGIN
    INSERT INTO deleted_faces (collection_id, revision, face)
        SELECT id, revision, old.id FROM collections WHERE id = old.collection_id;
END;
CREATE UNIQUE INDEX ix_ledger_leaves_event ON ledger_leaves (event_id);
CREATE UNIQUE INDEX ix_faces_sealing_key ON faces (sealing_key);
CREATE TRIGGER faces_released AFTER DELETE ON faces WHEN old.sealing_key IS NOT NULL BEGIN
    INSERT OR IGNORE INTO released_keys (kind, number) VALUES ('record', old.sealing_key);
END;
CREATE UNIQUE INDEX ix_sightings_sealing_key ON sightings (sealing_key);
CREATE TRIGGER sightings_released AFTER DELETE ON sightings WHEN old.sealing_key IS NOT NULL BEGIN
    INSERT OR IGNORE INTO released_keys (kind, number) VALUES ('record', old.sealing_key);
END;
CREATE UNIQUE INDEX ix_index_snapshots_sealing_key ON index_snapshots (sealing_key);
CREATE TRIGGER index_snapshots_released AFTER DELETE ON index_snapshots WHEN old.sealing_key IS NOT NULL BEGIN
    INSERT OR IGNORE INTO released_keys (kind, number) VALUES ('record', old.sealing_key);
END;
CREATE TRIGGER collections_released AFTER DELETE ON collections WHEN old.id IS NOT NULL BEGIN
    INSERT OR IGNORE INTO released_keys (kind, number) VALUES ('collection', old.id);
END;
CREATE INDEX ix_consents_order ON consents (collection_id, id);
CREATE INDEX ix_consents_user ON consents (user_id);
CREATE INDEX ix_review_cases_order ON review_cases (collection_id, id);
CREATE INDEX ix_review_cases_expiry ON review_cases (expires_at);
CREATE INDEX ix_review_candidates_face ON review_candidates (face);
CREATE INDEX ix_review_judgements_candidate ON review_judgements (candidate);
CREATE INDEX ix_ledger_quota_holders ON ledger_quota_holders (holders);
CREATE INDEX ix_sign_ins_account ON sign_ins (account);
CREATE INDEX ix_sign_ins_key_id ON sign_ins (key_id);
CREATE INDEX ix_search_targets_counted ON search_targets (collection_id, target, searched_at);
CREATE INDEX ix_search_targets_expiry ON search_targets (expires_at);
CREATE INDEX ix_search_approvals_order ON search_approvals (collection_id, id);
CREATE UNIQUE INDEX ix_users_sealing_key ON users (sealing_key);
CREATE TRIGGER users_released AFTER DELETE ON users WHEN old.sealing_key IS NOT NULL BEGIN
    INSERT OR IGNORE INTO released_keys (kind, number) VALUES ('record', old.sealing_key);
END;
CREATE UNIQUE INDEX ix_collections_sealing_key ON collections (sealing_key);
CREATE TRIGGER collections_key_released AFTER DELETE ON collections WHEN old.sealing_key IS NOT NULL BEGIN
    INSERT OR IGNORE INTO released_keys (kind, number) VALUES ('record', old.sealing_key);
END;
CREATE INDEX ix_users_plain ON users (id) WHERE sealed_names IS NULL;
CREATE INDEX ix_faces_plain ON faces (id) WHERE sealed_names IS NULL;
CREATE INDEX ix_images_plain ON images (id) WHERE name <> '' OR origin IS NOT NULL;
CREATE INDEX ix_review_notes_face ON review_notes (face);
CREATE INDEX ix_review_candidates_sighting ON review_candidates (sighting);
CREATE INDEX ix_review_notes_sighting ON review_notes (sighting);
CREATE INDEX ix_evaluations_order ON evaluations (collection_id, id);
CREATE INDEX ix_evaluations_running ON evaluations (state, seen_at);
CREATE INDEX ix_users_apart_second ON users_apart (second);
CREATE INDEX ix_groups_not_users_user ON groups_not_users (user_id);
CREATE INDEX ix_media_order ON media (collection_id, id);
CREATE INDEX ix_watches_wanted ON watches (wanted, leased_until);
CREATE INDEX ix_live_events_watch ON live_events (watch, sequence);
CREATE INDEX ix_live_events_collection ON live_events (collection_id, sequence);
CREATE INDEX ix_live_events_at ON live_events (at);
CREATE INDEX ix_live_looks_watch ON live_looks (watch_id);
INSERT INTO "sqlite_sequence" VALUES('media',0);
INSERT INTO "sqlite_sequence" VALUES('sightings',0);
