//! Stores, databases and brokers.

use super::{check, check_args, check_variable};

#[test]
fn redis() {
    check_args(
        r#""command": ["redis-server"], "#,
        &[
            ("--maxmemory 2gb", "Redis 2048 MiB --maxmemory 2gb"),
            ("--maxmemory 2g", "Redis 2000000000 --maxmemory 2g"),
            ("--maxmemory 512MB", "Redis 512 MiB --maxmemory 512MB"),
            ("--maxmemory 512m", "Redis 512000000 --maxmemory 512m"),
            ("--maxmemory 1024kb", "Redis 1 MiB --maxmemory 1024kb"),
            ("--maxmemory 1048576", "Redis 1 MiB --maxmemory 1048576"),
            ("--maxmemory 0", ""),
            ("--maxmemory 2Gi", "Redis refused --maxmemory 2Gi"),
            ("--maxmemory 1.5gb", "Redis refused --maxmemory 1.5gb"),
            ("/etc/redis.conf --maxmemory 1gb --maxmemory 2gb", "Redis 2048 MiB --maxmemory 2gb"),
            ("--maxmemory-policy allkeys-lru", ""),
            ("--maxmemory", ""),
            ("--maxmemory $(NOWHERE)", ""),
        ],
    );
    check(&[
        (r#""command": ["valkey-server", "--maxmemory 1gb"]"#, "Redis 1024 MiB --maxmemory 1gb"),
        (r#""image": "redis:7", "args": ["--maxmemory", "1gb"]"#, "Redis 1024 MiB --maxmemory 1gb"),
        (r#""image": "cache", "args": ["--maxmemory", "1gb"]"#, "Redis 1024 MiB --maxmemory 1gb convention"),
        (r#""args": ["sh", "-c", "redis-server --maxmemory 1gb"]"#, "Redis 1024 MiB --maxmemory 1gb"),
        (
            r#""env": [{"name": "REDIS_EXTRA_FLAGS", "value": "--appendonly yes --maxmemory 1gb"}]"#,
            "Redis 1024 MiB --maxmemory 1gb convention",
        ),
        (
            r#""image": "docker.dragonflydb.io/dragonflydb/dragonfly", "args": ["--logtostderr", "--maxmemory=2gb"]"#,
            "Dragonfly 2048 MiB --maxmemory=2gb",
        ),
        (r#""command": ["dragonfly", "--maxmemory=1.5G"]"#, "Dragonfly 1536 MiB --maxmemory=1.5G"),
        (r#""command": ["dragonfly", "--maxmemory=0"]"#, ""),
    ]);
}

#[test]
fn memcached() {
    check_args(
        r#""image": "memcached:1.6", "#,
        &[
            ("-m 512", "memcached 512 MiB -m 512"),
            ("-m512", "memcached 512 MiB -m512"),
            ("--memory-limit=512", "memcached 512 MiB --memory-limit=512"),
            ("--memory-limit 512 -c 1024", "memcached 512 MiB --memory-limit 512"),
            ("memcached -m 1024", "memcached 1024 MiB -m 1024"),
            ("-m lots", ""),
            ("-c 1024", ""),
        ],
    );
    check_args("", &[("-m 512", "")]);
}

#[test]
fn mongodb_and_rabbitmq() {
    check_args(
        r#""command": ["mongod"], "#,
        &[
            ("--wiredTigerCacheSizeGB 1.5", "MongoDB 1536 MiB --wiredTigerCacheSizeGB 1.5"),
            ("--wiredTigerCacheSizeGB=2", "MongoDB 2048 MiB --wiredTigerCacheSizeGB=2"),
            ("--wiredTigerCacheSizeGB 0.1", "MongoDB 107374182 --wiredTigerCacheSizeGB 0.1"),
            ("--wiredTigerCacheSizeGB nan", ""),
            ("--wiredTigerCacheSizeGB 1e3", ""),
        ],
    );
    check_variable(
        "RABBITMQ_VM_MEMORY_HIGH_WATERMARK",
        &[
            ("0.6", ""),
            ("1GB", "RabbitMQ 1000000000 RABBITMQ_VM_MEMORY_HIGH_WATERMARK=1GB soft convention"),
            ("800MiB", "RabbitMQ 800 MiB RABBITMQ_VM_MEMORY_HIGH_WATERMARK=800MiB soft convention"),
            ("2G", ""),
        ],
    );
}

#[test]
fn postgres() {
    check_args(
        r#""image": "postgres:17", "#,
        &[
            ("-c shared_buffers=2GB", "PostgreSQL 2048 MiB -c shared_buffers=2GB"),
            ("-c shared_buffers=1.5GB", "PostgreSQL 1536 MiB -c shared_buffers=1.5GB"),
            ("-c shared_buffers=16384", "PostgreSQL 128 MiB -c shared_buffers=16384"),
            ("-cshared_buffers=512MB", "PostgreSQL 512 MiB -cshared_buffers=512MB"),
            ("--shared-buffers=512MB", "PostgreSQL 512 MiB --shared-buffers=512MB"),
            ("--shared_buffers=512MB", "PostgreSQL 512 MiB --shared_buffers=512MB"),
            ("-c SHARED_BUFFERS=524288kB", "PostgreSQL 512 MiB -c SHARED_BUFFERS=524288kB"),
            ("-B 1280", "PostgreSQL 10 MiB -B 1280"),
            ("-c shared_buffers=2gb", "PostgreSQL refused -c shared_buffers=2gb"),
            ("-c shared_buffers=1Gi", "PostgreSQL refused -c shared_buffers=1Gi"),
            ("-c shared_buffers=1GB -c shared_buffers=2GB", "PostgreSQL 2048 MiB -c shared_buffers=2GB"),
            ("postgres -c max_connections=9 -c shared_buffers=2GB", "PostgreSQL 2048 MiB -c shared_buffers=2GB"),
            ("-c work_mem=1GB", ""),
        ],
    );
    check_args("", &[("-B 1280", ""), ("-c", "")]);
}

#[test]
fn mysql() {
    check_args(
        r#""image": "mysql:8", "#,
        &[
            ("--innodb-buffer-pool-size=2G", "MySQL 2048 MiB --innodb-buffer-pool-size=2G"),
            ("--innodb_buffer_pool_size=2g", "MySQL 2048 MiB --innodb_buffer_pool_size=2g"),
            ("--innodb-buffer_pool-size 512M", "MySQL 512 MiB --innodb-buffer_pool-size 512M"),
            ("--innodb-buffer-pool-size=1073741824", "MySQL 1024 MiB --innodb-buffer-pool-size=1073741824"),
            ("--innodb-buffer-pool-size=2Gi", "MySQL refused --innodb-buffer-pool-size=2Gi"),
            ("mysqld --innodb-buffer-pool-size=2G", "MySQL 2048 MiB --innodb-buffer-pool-size=2G"),
        ],
    );
    check(&[(
        r#""env": [{"name": "MARIADB_EXTRA_FLAGS", "value": "--innodb_buffer_pool_size=1G"}]"#,
        "MySQL 1024 MiB --innodb_buffer_pool_size=1G convention",
    )]);
}
