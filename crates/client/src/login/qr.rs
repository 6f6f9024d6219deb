//! A QR code as text: two modules in each character's height.

use qrcode::{Color, EcLevel, QrCode};

/// Light modules around the code. ISO 18004 wants four; readers of screens are content with two, and so it fits 40 columns sooner.
const QUIET: isize = 2;

/// Draws `text` in half blocks, light modules as ink, as it looks right on a dark terminal; `None` when it is too long.
pub(super) fn lines(text: &str) -> Option<String> {
    let code = QrCode::with_error_correction_level(text, EcLevel::L).ok()?;
    let width = isize::try_from(code.width()).ok()?;
    let colors = code.into_colors();
    let light = |x: isize, y: isize| {
        let inside = (0..width).contains(&x) && (0..width).contains(&y);
        let module = usize::try_from(y * width + x)
            .ok()
            .filter(|_| inside)
            .and_then(|index| colors.get(index));
        module != Some(&Color::Dark)
    };
    let mut lines = String::new();
    for y in (-QUIET..width + QUIET).step_by(2) {
        if !lines.is_empty() {
            lines.push('\n');
        }
        for x in -QUIET..width + QUIET {
            // The code's height is odd: the last line's lower half is not part of it.
            let below = y + 1 < width + QUIET && light(x, y + 1);
            lines.push(match (light(x, y), below) {
                (true, true) => '█',
                (true, false) => '▀',
                (false, true) => '▄',
                (false, false) => ' ',
            });
        }
    }
    Some(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads the drawing back into rows of modules, `true` for dark.
    fn modules(drawn: &str) -> Vec<Vec<bool>> {
        let mut rows = Vec::new();
        for line in drawn.lines() {
            rows.push(
                line.chars()
                    .map(|c| matches!(c, '▄' | ' '))
                    .collect::<Vec<_>>(),
            );
            rows.push(line.chars().map(|c| matches!(c, '▀' | ' ')).collect());
        }
        rows
    }

    #[test]
    fn every_module_is_drawn_where_it_belongs() {
        let text = "https://op.example.com/device?user_code=WDJB-MJHT";
        let code = QrCode::with_error_correction_level(text, EcLevel::L).unwrap();
        let (width, colors) = (code.width(), code.to_colors());
        let rows = modules(&lines(text).unwrap());
        for y in 0..width {
            for x in 0..width {
                assert_eq!(
                    rows[y + 2][x + 2],
                    colors[y * width + x] == Color::Dark,
                    "{x},{y}"
                );
            }
        }
        for (index, row) in rows.iter().enumerate().take(width + 4) {
            assert_eq!(row.len(), width + 4);
            let quiet = index < 2 || index >= width + 2;
            assert!(
                !quiet || row.iter().all(|dark| !dark),
                "row {index} is quiet"
            );
            assert!(
                !row[0] && !row[1] && !row[width + 2] && !row[width + 3],
                "row {index} has quiet ends"
            );
        }
    }

    #[test]
    fn a_usual_address_fits_forty_columns() {
        let drawn = lines("https://op.example.com/device?user_code=WDJB-MJHT").unwrap();
        assert!(
            drawn.lines().all(|line| line.chars().count() <= 40),
            "{drawn}"
        );
    }

    #[test]
    fn what_is_too_long_is_not_drawn() {
        assert_eq!(lines(&"x".repeat(5_000)), None);
    }
}
